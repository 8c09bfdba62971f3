import { describe, expect, it } from 'vitest';
import { formatNamed } from './formats.js';
import { describeProbe, type RawProbe, type RawStream } from './streams.js';
import { tagsOf } from '../audio/tags.js';

const video: RawStream = {
  index: 0,
  codec_type: 'video',
  codec_name: 'h264',
  width: 1280,
  height: 720,
  avg_frame_rate: '30/1',
  r_frame_rate: '30/1',
  pix_fmt: 'yuv420p',
  duration: '2.000000',
};
const audio: RawStream = { index: 1, codec_type: 'audio', codec_name: 'aac', channels: 2, sample_rate: '48000' };
const of = (streams: RawStream[], format: RawProbe['format'] = { duration: '2.000000' }) =>
  describeProbe(formatNamed('mp4'), { streams, format });

describe('describeProbe', () => {
  it.each([
    ['-90', -90, 90, 720, 1280],
    ['90', 90, 270, 720, 1280],
    ['-180', -180, 180, 1280, 720],
    ['nonsense', -2147483648, 0, 1280, 720],
  ])('turns %s', (_, rotation, expected, displayWidth, displayHeight) => {
    const found = of([{ ...video, side_data_list: [{ rotation }] }]).video;
    expect(found).toMatchObject({ width: 1280, height: 720, displayWidth, displayHeight });
    expect(found?.rotation).toBe(expected);
  });

  it('makes pixels square', () => {
    const found = of([{ ...video, width: 352, height: 288, sample_aspect_ratio: '64:45' }]).video;
    expect(found).toMatchObject({ displayWidth: 501, displayHeight: 288 });
  });

  it('never takes a cover for a video', () => {
    const cover = { ...video, index: 2, codec_name: 'mjpeg', disposition: { attached_pic: 1 } };
    expect(of([audio, cover])).toMatchObject({ video: null, cover: { index: 2 } });
  });

  it('prefers the default stream, then the larger', () => {
    const small = { ...video, width: 320, height: 180 };
    expect(of([small, { ...video, index: 1 }]).video?.index).toBe(1);
    expect(
      of([
        { ...small, disposition: { default: 1 } },
        { ...video, index: 1 },
      ]).video?.index,
    ).toBe(0);
  });

  it('reports a constant frame rate only if the timestamps agree', () => {
    expect(of([video]).video).toMatchObject({ fps: 30, constantFps: '30/1' });
    expect(of([{ ...video, avg_frame_rate: '67/4', r_frame_rate: '600/1' }]).video).toMatchObject({
      fps: 16.75,
      constantFps: null,
    });
    expect(of([{ ...video, avg_frame_rate: '0/0', r_frame_rate: '1000/1' }]).video).toMatchObject({ fps: 0 });
  });

  it('derives the bit rate of the video if only the total is known', () => {
    const found = of([video, { ...audio, bit_rate: '128000' }], { bit_rate: '1000000' });
    expect(found.video?.bitrate).toBe(872_000);
    expect(found.durationMs).toBeNull();
  });

  it('reads Matroska’s time format', () => {
    const found = of([{ ...video, duration: undefined, tags: { DURATION: '00:01:05.056000000' } }]);
    expect(found.video?.durationMs).toBe(65_056);
  });
});

describe('tagsOf', () => {
  it('finds a tag under each name that formats have for it', () => {
    expect(tagsOf({ TITLE: 'A', Artist: 'B', ALBUM: 'C', TRACKNUMBER: '3/12', date: '2011-05-01' })).toEqual({
      title: 'A',
      artist: 'B',
      album: 'C',
      track: '3/12',
      year: 2011,
    });
  });

  it('removes control characters and lone surrogates, and limits the length', () => {
    const { title } = tagsOf({ title: `a\0b\r\n\x1b[31m\ud800${'x'.repeat(5000)}` });
    expect(title).toMatch(/^a b \[31m\ufffdx+$/);
    expect(title).toHaveLength(300);
  });

  it('omits empty tags', () => {
    expect(tagsOf({ title: ' \0 ', date: 'soon' })).toEqual({});
  });
});
