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
/** As many at once as there are CPUs: on a busy machine each still gets its time, or good files would look endless. */
const inTurn = pLimit(Math.max(2, availableParallelism()));
const require = createRequire(import.meta.url);

/** The library in a thread of its own: a file can send a parser into an endless loop, and a thread can be ended. */
const threadSource = `
const { workerData, parentPort } = require('node:worker_threads');
import(workerData.module)
  .then((library) => library.fileTypeFromFile(workerData.path))
  .then((type) => parentPort.postMessage(type), () => parentPort.postMessage(undefined));
`;

export type Sniffed = {
  mimeType: string;
  extension: string;
  /** Only of what can be processed. */
  format: Format | undefined;
};

const mp3 = { mime: 'audio/mpeg', ext: 'mp3' };
const unknown = { mime: 'application/octet-stream', ext: 'bin' };

/** What the content says the file is; never its name. An unknown, unreadable or endless file has no type. */
export async function sniff(path: string): Promise<Sniffed> {
  const known = await typeOf(path);
  return { mimeType: known.mime, extension: known.ext, format: formatOf(known.mime) };
}

async function typeOf(path: string): Promise<{ mime: string; ext: string }> {
  // Before the library: the time stamp in front of each packet of a camcorder may look like anything.
  if (await isTransportStream(path)) return transportStream;
  const found = await inTurn(() => sniffWithLibrary(path));
  if (found && found.mime !== transportStream.mime) return found;
  return (await startsWithMp3(path)) ? mp3 : unknown;
}

/** Out of its time or its memory, or thrown off by the file: no type either way. */
async function sniffWithLibrary(path: string): Promise<FileTypeResult | undefined> {
  const module = pathToFileURL(require.resolve('file-type')).href;
  const outcome = await runInThread<FileTypeResult | undefined>(threadSource, { path, module }, limits);
  return 'answer' in outcome ? outcome.answer : undefined;
}
