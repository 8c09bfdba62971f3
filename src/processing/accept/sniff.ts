import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { FileTypeResult } from 'file-type';
import pLimit from 'p-limit';
import { formatOf, type Format } from '../run/formats.js';
import { startsWithMp3 } from '../audio/mp3.js';
import { isTransportStream, transportStream } from '../video/mpeg-ts.js';
import { runInThread } from '../run/thread.js';

const limits = { timeMs: 10_000, memoryMiB: 128 };
/** One per CPU: on a busy machine each must get enough time, or valid files would time out. */
const limitThreads = pLimit(Math.max(2, availableParallelism()));
const require = createRequire(import.meta.url);

/**
 * Runs the library in its own thread: a file can send a parser into an endless loop, and a thread can be terminated.
 */
const threadSource = `
const { workerData, parentPort } = require('node:worker_threads');
import(workerData.module)
  .then((library) => library.fileTypeFromFile(workerData.path))
  .then((type) => parentPort.postMessage(type), () => parentPort.postMessage(undefined));
`;

type Sniffed = {
  mimeType: string;
  extension: string;
  /** Only for formats that can be processed. */
  format: Format | undefined;
};

const mp3 = { mime: 'audio/mpeg', ext: 'mp3' };
const unknown = { mime: 'application/octet-stream', ext: 'bin' };

/** The type according to the content, never the name. For unknown or unreadable files it is `unknown`. */
export async function sniff(path: string): Promise<Sniffed> {
  const known = await typeOf(path);
  return { mimeType: known.mime, extension: known.ext, format: formatOf(known.mime) };
}

async function typeOf(path: string): Promise<{ mime: string; ext: string }> {
  // Checked before the library: the time stamp that camcorders put before each packet may look like any other format.
  if (await isTransportStream(path)) return transportStream;
  const found = await limitThreads(() => sniffWithLibrary(path));
  if (found && found.mime !== transportStream.mime) return found;
  return (await startsWithMp3(path)) ? mp3 : unknown;
}

/** @returns undefined also if the library runs out of time or memory, or crashes */
async function sniffWithLibrary(path: string): Promise<FileTypeResult | undefined> {
  const module = pathToFileURL(require.resolve('file-type')).href;
  const outcome = await runInThread<FileTypeResult | undefined>(threadSource, { path, module }, limits);
  return 'answer' in outcome ? outcome.answer : undefined;
}
