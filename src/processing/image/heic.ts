import { createRequire } from 'node:module';
import pLimit from 'p-limit';
import { ProcessingFailure } from '../run/failure.js';
import { runInThread } from '../run/thread.js';

const require = createRequire(import.meta.url);
/** Without the memory of WebAssembly, which is most of it. */
const limits = { timeMs: 60_000, memoryMiB: 256 };

/**
 * libheif as WebAssembly blocks its thread, so it has one of its own, which can be terminated. It rotates the picture
 * upright and drops the metadata. `headerBytes` before the pixels stay free for a TIFF header.
 */
const workerSource = `
const { workerData, parentPort } = require('node:worker_threads');
const { readFileSync } = require('node:fs');
const libheif = require(workerData.module);

async function decode() {
  await libheif.ready;
  const images = new libheif.HeifDecoder().decode(readFileSync(workerData.path));
  const image = images.find((one) => one.is_primary()) ?? images[0];
  if (!image) throw new Error('it contains no picture');
  const [width, height] = [image.get_width(), image.get_height()];
  if (width * height > workerData.maxPixels) throw new Error('it is larger than its header declares');
  const { heif_chroma: chroma, heif_colorspace: colours } = libheif;
  const layout = workerData.channels === 4 ? chroma.heif_chroma_interleaved_RGBA : chroma.heif_chroma_interleaved_RGB;
  const decoded = await libheif.heif_js_decode_image2(image.handle, colours.heif_colorspace_RGB, layout);
  const plane = decoded.channels?.[0];
  if (!plane) throw new Error(decoded.message ?? 'it does not decode');
  const line = width * workerData.channels;
  const bytes = new Uint8Array(workerData.headerBytes + line * height);
  for (let y = 0; y < height; y++)
    bytes.set(plane.data.subarray(y * plane.stride, y * plane.stride + line), workerData.headerBytes + y * line);
  return { width, height, bytes };
}

decode().then(
  (pixels) => parentPort.postMessage(pixels, [pixels.bytes.buffer]),
  (error) => parentPort.postMessage({ error: String(error?.message ?? error) }),
);
`;

type Pixels = { width: number; height: number; bytes: Uint8Array };
type Answer = Pixels | { error: string };

type HeicOptions = {
  /** As the header declares; a larger picture is not decoded. */
  maxPixels: number;
  hasAlpha: boolean;
  icc: Buffer | undefined;
};

/** One at a time: WebAssembly takes up to 2 GiB, half of it for 100 megapixels, and no thread limit includes it. */
const limitThreads = pLimit(1);

/**
 * A picture coded with HEVC, which libvips from npm cannot decode, as a TIFF: upright, 8 bit, with its colour profile.
 * @throws {ProcessingFailure} `corrupt_input`, `timed_out`, `out_of_memory`
 * @throws the signal's reason when aborted
 */
export const decodeHeic = (path: string, options: HeicOptions, signal: AbortSignal): Promise<Buffer> =>
  limitThreads(() => decode(path, options, signal));

async function decode(path: string, { icc, hasAlpha, maxPixels }: HeicOptions, signal: AbortSignal): Promise<Buffer> {
  const channels = hasAlpha ? 4 : 3;
  const headerBytes = tiffLayout(channels, icc).pixelsAt;
  const outcome = await runInThread<Answer>(
    workerSource,
    { path, module: require.resolve('libheif-js/wasm-bundle'), channels, maxPixels, headerBytes },
    { ...limits, signal },
  );
  if ('failure' in outcome) {
    const { failure } = outcome;
    throw new ProcessingFailure(failure === 'timed_out' ? failure : 'out_of_memory', 'libheif was terminated');
  }
  const { answer } = outcome;
  if ('error' in answer) throw new ProcessingFailure('corrupt_input', answer.error);
  const { width, height, bytes } = answer;
  const tiff = Buffer.from(bytes.buffer);
  writeTiffHeader(tiff, { width, height, channels, icc });
  return tiff;
}

type Entry = [tag: number, type: number, count: number, value: number];
const [short, long, undefinedBytes] = [3, 4, 7];

type Tiff = { width: number; height: number; channels: 3 | 4; icc: Buffer | undefined };

/** Byte offsets of its parts. */
function tiffLayout(channels: number, icc: Buffer | undefined) {
  const entryCount = 9 + (channels === 4 ? 1 : 0) + (icc ? 1 : 0);
  const bitsAt = 8 + 2 + entryCount * 12 + 4;
  const iccAt = bitsAt + 8;
  return { entryCount, bitsAt, iccAt, pixelsAt: iccAt + (icc ? icc.length + (icc.length % 2) : 0) };
}

/** TIFF 6.0, uncompressed, in one strip: the simplest format for pixels with an ICC profile. */
function writeTiffHeader(tiff: Buffer, { width, height, channels, icc }: Tiff): void {
  const { entryCount, bitsAt, iccAt, pixelsAt } = tiffLayout(channels, icc);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(entryCount, 8);
  const entries: Entry[] = [
    [256, long, 1, width],
    [257, long, 1, height],
    [258, short, channels, bitsAt],
    [259, short, 1, 1], // not compressed
    [262, short, 1, 2], // RGB
    [273, long, 1, pixelsAt],
    [277, short, 1, channels],
    [278, long, 1, height],
    [279, long, 1, tiff.length - pixelsAt],
    ...(channels === 4 ? [[338, short, 1, 2] as Entry] : []), // alpha, not multiplied in
    ...(icc ? [[34_675, undefinedBytes, icc.length, iccAt] as Entry] : []),
  ];
  entries.forEach(([tag, type, count, value], i) => {
    const at = 10 + i * 12;
    tiff.writeUInt16LE(tag, at);
    tiff.writeUInt16LE(type, at + 2);
    tiff.writeUInt32LE(count, at + 4);
    tiff.writeUInt32LE(value, at + 8);
  });
  for (let i = 0; i < channels; i++) tiff.writeUInt16LE(8, bitsAt + i * 2);
  icc?.copy(tiff, iccAt);
}
