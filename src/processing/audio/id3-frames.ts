import { ProcessingFailure } from '../run/failure.js';
import { WindowedReader } from '../run/windowed-reader.js';

/** Real tags have a few dozen; an audio book may have one or two for every chapter. */
const maxFrames = 12_000;
const tagHeadBytes = 10;
const seenAtOnce = 4096;
const footerFlag = 0x10;
const extendedFlag = 0x40;

/**
 * ffprobe and ffmpeg compare each frame of ID3v2 with all before it, in any format whose file begins with such a tag:
 * a hundred thousand, in two megabytes, take more than half a minute.
 * @throws {ProcessingFailure} `corrupt_input`
 */
export async function refuseManyFrames(path: string): Promise<void> {
  await using file = await WindowedReader.open(path);
  let frames = 0;
  // One tag may follow another, and all are read.
  for (let start = 0; ;) {
    const head = await file.read(start, tagHeadBytes);
    if (head.length < tagHeadBytes || head.toString('latin1', 0, 3) !== 'ID3') return;
    const [version, flags] = [head[3]!, head[5]!];
    const end = start + tagHeadBytes + sevenBits(head.readUInt32BE(6));
    let at = start + tagHeadBytes;
    if (version > 2 && flags & extendedFlag) at += await extendedBytes(file, at, version);
    const frameHeadBytes = version > 2 ? 10 : 6;
    while (at + frameHeadBytes <= Math.min(end, file.length)) {
      const padding = await zeros(file, at, Math.min(end, file.length));
      // Frames may follow it: ffmpeg takes it for empty ones.
      if (padding >= frameHeadBytes) {
        at += padding - (padding % frameHeadBytes);
        continue;
      }
      if (++frames > maxFrames) throw new ProcessingFailure('corrupt_input', `more than ${maxFrames} frames of ID3v2`);
      const frame = await file.read(at, frameHeadBytes);
      at += frameHeadBytes + (await bodyBytes(file, at, frame, version));
    }
    start = end + (version === 4 && flags & footerFlag ? tagHeadBytes : 0);
  }
}

/** ID3v2.4 structure, 6.2: seven bits a byte. */
const sevenBits = (value: number) =>
  ((value >>> 24) & 0x7f) * 2 ** 21 + ((value & 0x7f0000) >> 2) + ((value & 0x7f00) >> 1) + (value & 0x7f);

/** ID3v2.3 does not count the four bytes of the length itself. In seven bits as ffmpeg reads it, in either version. */
async function extendedBytes(file: WindowedReader, at: number, version: number): Promise<number> {
  const head = await file.read(at, 4);
  if (head.length < 4) return 4;
  const length = sevenBits(head.readUInt32BE());
  return version === 4 ? Math.max(4, length) : 4 + length;
}

/** Of those that follow each other, as many as are seen at once: there may be megabytes. */
async function zeros(file: WindowedReader, at: number, end: number): Promise<number> {
  const [first] = await file.read(at, 1);
  if (first !== 0) return 0;
  const bytes = await file.read(at, Math.min(seenAtOnce, end - at));
  const other = bytes.findIndex((byte) => byte !== 0);
  return other < 0 ? bytes.length : other;
}

async function bodyBytes(file: WindowedReader, at: number, frame: Buffer, version: number): Promise<number> {
  if (version < 3) return frame.readUIntBE(3, 3);
  const plain = frame.readUInt32BE(4);
  if (version === 3 || plain < 0x80) return plain;
  // Some writers of ID3v2.4 count in eight bits: what follows shows which of both it is.
  const next = await file.read(at + frame.length + sevenBits(plain), 4);
  return /^[A-Z0-9]{4}$/.test(next.toString('latin1')) || next[0] === 0 ? sevenBits(plain) : plain;
}
