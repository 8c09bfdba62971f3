import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accept } from '../accept/accept.js';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { boxesIn, findBoxes } from '../accept/boxes.js';
import { displayP3Icc } from './display-p3.js';
import { decodeHeic } from './heic.js';
import { derivePhoto } from './image.js';
import type { Limits } from '../run/limits.js';
import { run } from '../run/process.js';

let dir: string;
let binaries: Binaries;
let plain: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'heic-'));
  binaries = await resolveBinaries();
  plain = await heic('plain', {});
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const photo = { maxBytes: 1_000_000, maxPixels: 1_000_000, maxFrames: 1 };
const timeout = () => AbortSignal.timeout(30_000);
const whole = { maxPixels: 160 * 96, hasAlpha: false, icc: undefined };
const red = [0xc8, 0x50, 0x32];
const blue = [0x20, 0x40, 0xb0];

const u8 = (...values: number[]) => Buffer.from(values);
const u16 = (value: number) => u8(value >> 8, value & 255);
const u32 = (value: number) => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);
const box = (type: string, ...parts: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
  return Buffer.concat([u32(body.length + 8), Buffer.from(type, 'latin1'), body]);
};

type Made = { pixFmt?: string; /** Counter-clockwise. */ quarters?: number; colr?: (Buffer | string)[] };

/** A HEIC as phones write them (ISO/IEC 23008-12) around one frame of x265: red on the left, blue on the right. */
async function heic(name: string, { pixFmt = 'yuv420p', quarters = 0, colr }: Made): Promise<string> {
  const halves = 'color=0xc85032:size=80x96[l];color=0x2040b0:size=80x96[r];[l][r]hstack,scale=out_range=pc';
  const x265 = ['-c:v', 'libx265', '-x265-params', 'log-level=none:range=full:colormatrix=smpte170m', '-crf', '2'];
  const graph = ['-f', 'lavfi', '-i', `${halves}:out_color_matrix=smpte170m,format=${pixFmt}`, '-frames:v', '1'];
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...graph, ...x265, '-tag:v', 'hvc1', `${name}.mp4`], { cwd: dir });
  const mp4 = await readFile(path.join(dir, `${name}.mp4`));
  const [stsd] = findBoxes(mp4, 'stsd');
  const [entry] = boxesIn(mp4, stsd!.body + 8, stsd!.end);
  const hvcC = boxesIn(mp4, entry!.body + 78, entry!.end).find(({ type }) => type === 'hvcC')!;
  const mdat = boxesIn(mp4).find(({ type }) => type === 'mdat')!;
  const frame = mp4.subarray(mdat.body, mdat.end);

  const full = u32(0);
  const turn = quarters ? [box('irot', u8(quarters))] : [];
  const colours = colr ? [box('colr', ...colr)] : [];
  const properties = [mp4.subarray(hvcC.start, hvcC.end), box('ispe', full, u32(160), u32(96)), ...colours, ...turn];
  const meta = (offset: number) =>
    box(
      'meta',
      full,
      box('hdlr', full, full, 'pict', Buffer.alloc(13)),
      box('pitm', full, u16(1)),
      box('iloc', full, u8(0x44, 0), u16(1), u16(1), u16(0), u16(1), u32(offset), u32(frame.length)),
      box('iinf', full, u16(1), box('infe', u32(2 << 24), u16(1), u16(0), 'hvc1\0')),
      box(
        'iprp',
        box('ipco', ...properties),
        box('ipma', full, u32(1), u16(1), u8(properties.length, ...properties.map((_, i) => i + 1))),
      ),
    );
  const ftyp = box('ftyp', 'heic', full, 'mif1heic');
  const start = ftyp.length + meta(0).length + 8;
  const file = path.join(dir, `${name}.heic`);
  await writeFile(file, Buffer.concat([ftyp, meta(start), box('mdat', frame)]));
  return file;
}

async function expectColour(file: string | Buffer, [left, top]: [number, number], colour: number[], off = 8) {
  const spot = await sharp(file).extract({ left, top, width: 8, height: 8 }).removeAlpha().raw().toBuffer();
  const means = [0, 1, 2].map((c) => spot.filter((_, i) => i % 3 === c).reduce((sum, v) => sum + v, 0) / 64);
  means.forEach((mean, c) => expect(Math.abs(mean - colour[c]!), `${means} for ${colour}`).toBeLessThan(off));
}

it.each([
  ['8 bit', {}],
  ['10 bit', { pixFmt: 'yuv420p10le' }],
])('decodes %s and makes every size', async (name, made) => {
  const file = await heic(name.replace(' ', ''), made);
  const { facts, outputs } = await derivePhoto(file, path.join(dir, `out-${name}`), photo, timeout());
  expect(facts).toMatchObject({ width: 160, height: 96, mimeType: 'image/heic', hasAlpha: false });
  const derived = outputs.filter((o) => o.name !== 'original');
  expect(derived.map((o) => `${o.name} ${o.format}`)).toHaveLength(6);
  for (const output of derived) {
    await expectColour(output.path, [20, 40], red);
    await expectColour(output.path, [130, 40], blue);
  }
  expect(outputs.at(-1)).toMatchObject({ name: 'original', mimeType: 'image/heic' });
});

it('rotates a picture upright', async () => {
  const file = await heic('turned', { quarters: 1 });
  const { facts, outputs } = await derivePhoto(file, path.join(dir, 'out-turned'), photo, timeout());
  expect(facts).toMatchObject({ width: 96, height: 160 });
  await expectColour(outputs[0]!.path, [40, 130], red);
  await expectColour(outputs[0]!.path, [40, 20], blue);
});

/** Colour primaries, transfer and matrix by their numbers in ITU-T H.273, full range. */
const nclx = (primaries: number, transfer: number) => [
  'nclx',
  Buffer.concat([u16(primaries), u16(transfer), u16(6), u8(0x80)]),
];

it.each([
  ['a profile', async () => ['prof', (await displayP3Icc())!]],
  ['code points', async () => nclx(12, 13)],
])('converts wide colours, declared by %s, to sRGB', async (how, colr) => {
  const file = await heic(`wide by ${how}`, { colr: await colr() });
  const { outputs } = await derivePhoto(file, path.join(dir, `out-wide-${how}`), photo, timeout());
  // Display P3 200 80 50 through linear light (SMPTE EG 432-1 and IEC 61966-2-1): more red than sRGB's 200.
  await expectColour(outputs[0]!.path, [20, 40], [217, 69, 36], 5);
});

it('keeps transparency', async () => {
  const { channels, width, height } = await sharp(
    await decodeHeic(plain, { ...whole, hasAlpha: true }, timeout()),
  ).metadata();
  expect({ channels, width, height }).toEqual({ channels: 4, width: 160, height: 96 });
});

it('stops when aborted, and decodes no more pixels than the header declares', async () => {
  await expect(decodeHeic(plain, whole, AbortSignal.abort(new Error('deleted')))).rejects.toThrow('deleted');
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('meanwhile')), 5);
  await expect(decodeHeic(plain, whole, abort.signal)).rejects.toThrow('meanwhile');
  const narrow = { ...whole, maxPixels: 100 };
  await expect(decodeHeic(plain, narrow, timeout())).rejects.toMatchObject({ code: 'corrupt_input' });
});

it('is accepted without decoding, and fails in processing if damaged', async () => {
  const bytes = await readFile(plain);
  const mdat = boxesIn(bytes).find(({ type }) => type === 'mdat')!;
  const file = path.join(dir, 'damaged.heic');
  await writeFile(file, bytes.fill(0x55, mdat.body));
  for (const taken of [plain, file])
    await expect(accept(taken, 'photo', { photo } as Limits, { binaries, signal: timeout() })).resolves.toMatchObject({
      ...{ container: 'heif', width: 160, height: 96 },
    });
  await expect(derivePhoto(file, path.join(dir, 'out-damaged'), photo, timeout())).rejects.toMatchObject({
    code: 'corrupt_input',
  });
});
