import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { ProcessingFailure } from './failure.js';

const require = createRequire(import.meta.url);
const timeLimitMs = 60_000;

/**
 * libheif as WebAssembly blocks while it works, so it has a thread of its own, which can be ended. It turns the picture
 * upright by itself and leaves the metadata behind.
 */
const workerSource = `
const { workerData, parentPort } = require('node:worker_threads');
const { readFileSync } = require('node:fs');
const libheif = require(workerData.module);

async function decode() {
  await libheif.ready;
  const images = new libheif.HeifDecoder().decode(readFileSync(workerData.path));
  const image = images.find((one) => one.is_primary()) ?? images[0];
  if (!image) throw new Error('no picture in it');
  const [width, height] = [image.get_width(), image.get_height()];
  if (width * height > workerData.maxPixels) throw new Error('larger than its header says');
  const rgba = { data: new Uint8ClampedArray(width * height * 4), width, height };
  await new Promise((resolve, reject) =>
    image.display(rgba, (shown) => (shown ? resolve() : reject(new Error('it does not decode')))));
  return { width, height, data: workerData.hasAlpha ? new Uint8Array(rgba.data.buffer) : withoutAlpha(rgba.data) };
}

function withoutAlpha(rgba) {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    rgb[to++] = rgba[from];
    rgb[to++] = rgba[from + 1];
    rgb[to++] = rgba[from + 2];
  }
  return rgb;
}

decode().then(
  (pixels) => parentPort.postMessage(pixels, [pixels.data.buffer]),
  (error) => parentPort.postMessage({ error: String(error?.message ?? error) }),
);
`;

type Pixels = { width: number; height: number; data: Uint8Array };
type Answer = Pixels | { error: string };

export type HeicOptions = {
  /** What the header promised; no more is decoded. */
  maxPixels: number;
  hasAlpha: boolean;
  icc: Buffer | undefined;
};

/**
 * A picture coded with HEVC, which libvips from npm cannot decode, as a TIFF: upright, 8 bit, with its colour profile.
 * @throws {ProcessingFailure} `corrupt_input`, `timed_out`, `out_of_memory`
 * @throws the signal's reason when aborted
 */
export async function decodeHeic(path: string, options: HeicOptions, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted();
  const { icc, ...asked } = options;
  const worker = new Worker(workerSource, {
    eval: true,
    env: {},
    execArgv: [],
    workerData: { path, module: require.resolve('libheif-js/wasm-bundle'), ...asked },
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]);
  const end = () => void worker.terminate();
  limit.addEventListener('abort', end, { once: true });
  try {
    const answer = await answerOf(worker);
    signal.throwIfAborted();
    if (limit.aborted) throw new ProcessingFailure('timed_out', 'libheif');
    if (!answer) throw new ProcessingFailure('out_of_memory', 'libheif ended');
    if ('error' in answer) throw new ProcessingFailure('corrupt_input', answer.error);
    return tiffOf(answer, icc);
  } finally {
    limit.removeEventListener('abort', end);
    await worker.terminate();
  }
}

const answerOf = (worker: Worker) =>
  new Promise<Answer | undefined>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? resolve(undefined) : reject(error),
    );
    worker.once('exit', () => resolve(undefined));
  });

type Entry = [tag: number, type: number, count: number, value: number];
const [short, long, undefinedBytes] = [3, 4, 7];

/** TIFF 6.0, uncompressed in one strip: the plainest file that can carry pixels together with their ICC profile. */
function tiffOf({ width, height, data }: Pixels, icc: Buffer | undefined): Buffer {
  const channels = data.length / width / height;
  const entryCount = 9 + (channels === 4 ? 1 : 0) + (icc ? 1 : 0);
  const bitsAt = 8 + 2 + entryCount * 12 + 4;
  const iccAt = bitsAt + 8;
  const pixelsAt = iccAt + (icc ? icc.length + (icc.length % 2) : 0);
  const head = Buffer.alloc(pixelsAt);
  head.write('II*\0', 'latin1');
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(entryCount, 8);
  const entries: Entry[] = [
    [256, long, 1, width],
    [257, long, 1, height],
    [258, short, channels, bitsAt],
    [259, short, 1, 1], // not compressed
    [262, short, 1, 2], // RGB
    [273, long, 1, pixelsAt],
    [277, short, 1, channels],
    [278, long, 1, height],
    [279, long, 1, data.length],
    ...(channels === 4 ? [[338, short, 1, 2] as Entry] : []), // alpha, not multiplied in
    ...(icc ? [[34_675, undefinedBytes, icc.length, iccAt] as Entry] : []),
  ];
  entries.forEach(([tag, type, count, value], i) => {
    const at = 10 + i * 12;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(count, at + 4);
    head.writeUInt32LE(value, at + 8);
  });
  for (let i = 0; i < channels; i++) head.writeUInt16LE(8, bitsAt + i * 2);
  icc?.copy(head, iccAt);
  return Buffer.concat([head, data]);
}
