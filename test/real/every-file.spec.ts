import { afterAll, beforeAll, expect, it } from 'vitest';
import { Vitrine } from '../setup/vitrine.js';
import { describeReal, filesIn } from './folder.js';
import { byFile, send, type Kind, type Sent } from './outcomes.js';

const patienceMs = 300_000;

/** Files that other suites use: hostile ones, and videos that take minutes. */
const elsewhere = [
  'video/WrongFile.mp4',
  'video/broken.mp4',
  'video/empty.flv',
  'video/long_1080p_lowbitrate.mp4',
  'audio/1024_incrementing_bytes.mp3',
];

/** All other files become ready. */
const exceptions = byFile({
  '415 type_not_allowed': [
    'audio/100kB-garbage-prefix.mp3',
    'image/formats/circle.svg',
    'image/formats/relax_tileparts.jp2',
    'image/photo/colors-animated-8bpc.avif',
  ],
});

const folders: Record<Kind, string[]> = {
  photo: ['image/formats', 'image/photo', 'image/orientation'],
  music: ['audio'],
  video: ['video'],
};
const files = (
  await Promise.all(
    Object.entries(folders).map(async ([kind, of]) =>
      (await filesIn(...of)).map((file) => ({ file, kind: kind as Kind, expected: exceptions.get(file) ?? 'ready' })),
    ),
  )
)
  .flat()
  .filter(({ file }) => !elsewhere.includes(file));

describeReal('every real file', () => {
  let vitrine: Vitrine;
  let sent: Map<string, Sent>;
  beforeAll(async () => {
    vitrine = await Vitrine.start();
    const owner = await vitrine.signUp();
    sent = new Map();
    const waiting = [...files];
    const lane = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift())
        sent.set(next.file, await send(owner, next.kind, next.file));
    };
    await Promise.all([lane(), lane()]);
  }, patienceMs);
  afterAll(() => vitrine.stop());

  it.each(files)(
    '$file: $expected',
    async ({ file, expected }) => {
      expect(await sent.get(file)!.outcome(patienceMs)).toBe(expected);
    },
    patienceMs,
  );

  it('is in the table only if it exists', () => {
    const names = files.map(({ file }) => file);
    expect([...exceptions.keys()].filter((file) => !names.includes(file))).toEqual([]);
  });
});
