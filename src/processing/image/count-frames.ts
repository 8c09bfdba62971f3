import { ProcessingFailure } from '../run/failure.js';
import { maxFramesOfAny, maxParts } from '../run/limits.js';
import type { WindowedReader } from '../run/windowed-reader.js';

/**
 * Decoders list all frames before anything else, and libwebp compares each with all before it: 100,000 tiny ones took
 * a minute. @throws {ProcessingFailure} `too_many_frames`
 */
export function refuseFrame(frames: number): void {
  if (frames > maxFramesOfAny) throw new ProcessingFailure('too_many_frames', `more than ${maxFramesOfAny} frames`);
}

const gif = { extension: 0x21, image: 0x2c, trailer: 0x3b, hasTable: 0x80, tableSize: 0x07 } as const;

/** GIF89a, 17 to 23: blocks, of which extensions and images end with sub-blocks. @throws {ProcessingFailure} */
export async function walkGif(file: WindowedReader): Promise<void> {
  let at = 13 + tableBytes((await file.read(10, 1))[0]);
  let frames = 0;
  for (let part = 0; at < file.length; part++) {
    if (part > maxParts) throw new ProcessingFailure('corrupt_input', 'more blocks than a picture has');
    const block = await file.read(at, 10);
    if (block[0] === gif.trailer) return;
    if (block[0] === gif.image) refuseFrame(++frames);
    // Whatever else stands there, decoders look for the next block.
    if (block[0] === gif.extension) at += 2;
    else if (block[0] === gif.image) at += 11 + tableBytes(block[9]);
    else at += 1;
    if (block[0] !== gif.extension && block[0] !== gif.image) continue;
    for (let length = -1; length !== 0 && at < file.length; part++) {
      if (part > maxParts) throw new ProcessingFailure('corrupt_input', 'more blocks than a picture has');
      length = (await file.read(at, 1))[0] ?? 0;
      at += 1 + length;
    }
  }
}

const tableBytes = (flags = 0): number => (flags & gif.hasTable ? 3 * 2 ** ((flags & gif.tableSize) + 1) : 0);

/** TIFF 6.0, section 2, and BigTIFF: directories, each with the place of the next. @throws {ProcessingFailure} */
export async function walkTiff(file: WindowedReader): Promise<void> {
  const head = Buffer.from(await file.read(0, 16));
  const isLittle = head[0] === 0x49;
  const isBig = head[isLittle ? 2 : 3] === 43;
  const number = (bytes: Buffer, at: number, size: number) => {
    if (bytes.length < at + size) return 0;
    if (size === 8) return Number(isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    return isLittle ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  };
  const [counter, entry, offset] = isBig ? [8, 20, 8] : [2, 12, 4];
  let at = number(head, offset, offset);
  for (let frames = 1; at > 0 && at < file.length; frames++) {
    refuseFrame(frames);
    const entries = number(await file.read(at, counter), 0, counter);
    at = number(await file.read(at + counter + entries * entry, offset), 0, offset);
  }
}
