import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { picture } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';
import { describeReal, filesIn, read } from './folder.js';
import { byFile, send, type Kind } from './outcomes.js';

const corruptPngs = ['xc1n0g08', 'xc9n2c08', 'xcsn0g01', 'xd0n2c08', 'xd3n2c08', 'xd9n2c08', 'xdtn0g01', 'xhdn0g08'];
const noPngs = ['xcrn0g04', 'xlfn0g04', 'xs1n0g01', 'xs7n0g01'];
const inPngSuite = (name: string) => `image/hostile/pngsuite/${name}.png`;
const inHostile = (name: string) => `image/hostile/${name}`;

/** By the kind that the file pretends to be. */
const asPhotos = byFile({
  ready: [
    'bad_huffman.jpg',
    'big-height.webp',
    'decompression_bomb_extents.gif',
    'empty_gps_ifd.jpg',
    'exif-dpi-zerodivision.jpg',
    'frame_exceeds_screen.gif',
    'img_001.tiff',
  ].map(inHostile),
  '422 too_many_pixels': ['65536-uint32-limit.png', 'giant-image.jpg'].map(inHostile),
  '422 corrupt_input': [
    ...[
      'broken_data_stream.png',
      'corrupt-header.jpg',
      'decompression_bomb.gif',
      'sigsegv.png',
      'syntax_num_frames_zero.png',
      'truncated_image.png',
      'truncated_jpeg.jpg',
    ].map(inHostile),
    ...corruptPngs.map(inPngSuite),
  ],
  '415 type_not_allowed': [
    ...['broken.png', 'decompression_bomb.ico', 'heapbof.png'].map(inHostile),
    ...noPngs.map(inPngSuite),
  ],
  'failed corrupt_input': [inHostile('corrupt.jpg')],
});

const asSoundAndVideo: [Kind, string, string][] = [
  ['video', 'video/WrongFile.mp4', '422 corrupt_input'],
  ['video', 'video/broken.mp4', '422 corrupt_input'],
  ['video', 'video/empty.flv', '422 no_streams'],
  ['music', 'audio/1024_incrementing_bytes.mp3', '415 type_not_allowed'],
];

/** The smallest files of many formats, each sent as every kind. By default, the type is not allowed. */
const tiny: Record<Kind, Map<string, string>> = {
  photo: byFile({
    ready: ['tiny/heif.heif', 'tiny/jpeg.jpg'],
    '422 corrupt_input': ['tiny/gif.gif', 'tiny/png-truncated.png', 'tiny/tiff.tif', 'tiny/webp.webp'],
  }),
  video: byFile({
    ready: ['tiny/webm.webm'],
    '422 corrupt_input': ['tiny/AudioVideoInterleave.avi', 'tiny/WindowsMediaVideo.wmv'],
    '422 no_streams': ['tiny/FlashVideo.flv', 'tiny/Mpeg4.mp4', 'tiny/mp4-with-audio.mp4'],
  }),
  music: byFile({
    ready: ['tiny/mp4-with-audio.mp4'],
    '422 corrupt_input': ['tiny/mp3.mp3'],
    '422 no_streams': ['tiny/Mpeg4.mp4'],
    '422 content_mismatch': ['tiny/WindowsMediaVideo.wmv', 'tiny/webm.webm'],
    'failed corrupt_input': ['tiny/wav.wav'],
  }),
};
const kinds = ['photo', 'video', 'music'] as const;
const tinyFiles = await filesIn('tiny');
/** ffmpeg would accept some of these as videos: subtitles, and text. */
const texts = await filesIn('subtitle', 'text');

describeReal('hostile files', () => {
  let vitrine: Vitrine;
  let owner: Client;
  beforeAll(async () => {
    vitrine = await Vitrine.start();
    owner = await vitrine.signUp();
  });
  afterAll(() => vitrine.stop());

  const comesTo = async (kind: Kind, file: string, expected: string) =>
    expect(await (await send(owner, kind, file)).outcome()).toBe(expected);

  describe('as photos', () => {
    it.each([...asPhotos])('%s: %s', (file, expected) => comesTo('photo', file, expected));

    it('are all in the table', async () => {
      expect(await filesIn('image/hostile')).toEqual([...asPhotos.keys()].toSorted());
    });
  });

  it.each(asSoundAndVideo)('as %s, %s: %s', comesTo);

  describe.each(kinds)('tiny, as %s', (kind) => {
    it.each(tinyFiles.map((file) => [file, tiny[kind].get(file) ?? '415 type_not_allowed']))(
      '%s: %s',
      (file, expected) => comesTo(kind, file!, expected!),
    );
  });

  it.each(texts)('text as a video, %s: 415', (file) => comesTo('video', file, '415 type_not_allowed'));

  it('did no harm: the original processes still run, and a valid upload becomes ready', async () => {
    for (const [name, { exitCode, signalCode }] of vitrine.processes)
      expect({ name, exitCode, signalCode }).toEqual({ name, exitCode: null, signalCode: null });
    await owner.publish('photo', await picture(300, 200).jpeg().toBuffer());
    await owner.publish('video', await read('video/testsrc2_mpeg4.mp4'));
    expect(vitrine.said).not.toContain('"level":50');
  });
});
