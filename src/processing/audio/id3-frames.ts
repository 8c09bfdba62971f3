import { ProcessingFailure } from '../run/failure.js';
import { WindowedReader } from '../run/windowed-reader.js';

/** Real tags have a few dozen; an audio book may have one or two per chapter. */
const maxFrames = 12_000;
const tagHeaderBytes = 10;
const maxZeros = 4096;
const footerFlag = 0x10;
const extendedHeaderFlag = 0x40;

/**
 * ffprobe and ffmpeg compare each ID3v2 frame with all previous ones, in every format whose file begins with such a tag:
 * a hundred thousand frames, which fit into two megabytes, take more than half a minute.
 * @throws {ProcessingFailure} `corrupt_input`
 */
export async function refuseManyFrames(path: string): Promise<void> {
  await using file = await WindowedReader.open(path);
  const tooMany = new ProcessingFailure('corrupt_input', `more than ${maxFrames} ID3v2 frames`);
  let frames = 0;
  // Several tags may follow each other; ffmpeg reads all.
  for (let start = 0; ;) {
    const header = await file.read(start, tagHeaderBytes);
    if (header.length < tagHeaderBytes || header.toString('latin1', 0, 3) !== 'ID3') return;
    // An empty tag is read, too.
    if (++frames > maxFrames) throw tooMany;
    const [version, flags] = [header[3]!, header[5]!];
    const end = start + tagHeaderBytes + synchsafe(header.readUInt32BE(6));
    let at = start + tagHeaderBytes;
    if (version > 2 && flags & extendedHeaderFlag) at += await extendedHeaderBytes(file, at, version);
    const frameHeaderBytes = version > 2 ? 10 : 6;
    while (at + frameHeaderBytes <= Math.min(end, file.length)) {
      const padding = await countZeros(file, at, Math.min(end, file.length));
      // Frames may follow the padding, which ffmpeg reads as empty frames.
      if (padding >= frameHeaderBytes) {
        at += padding - (padding % frameHeaderBytes);
        continue;
      }
      if (++frames > maxFrames) throw tooMany;
      const frame = await file.read(at, frameHeaderBytes);
      at += frameHeaderBytes + (await frameBodyBytes(file, at, frame, version));
    }
    start = end + (version === 4 && flags & footerFlag ? tagHeaderBytes : 0);
  }
}

/** ID3v2.4 structure, 6.2: seven bits per byte. */
const synchsafe = (value: number) =>
  ((value >>> 24) & 0x7f) * 2 ** 21 + ((value & 0x7f0000) >> 2) + ((value & 0x7f00) >> 1) + (value & 0x7f);

/** The length in ID3v2.3 does not include its own four bytes. Synchsafe in both versions, as ffmpeg reads it. */
async function extendedHeaderBytes(file: WindowedReader, at: number, version: number): Promise<number> {
  const header = await file.read(at, 4);
  if (header.length < 4) return 4;
  const length = synchsafe(header.readUInt32BE());
  return version === 4 ? Math.max(4, length) : 4 + length;
}

/** Length of the run of zeros here, up to `maxZeros`: there may be megabytes. */
async function countZeros(file: WindowedReader, at: number, end: number): Promise<number> {
  const [first] = await file.read(at, 1);
  if (first !== 0) return 0;
  const bytes = await file.read(at, Math.min(maxZeros, end - at));
  const other = bytes.findIndex((byte) => byte !== 0);
  return other < 0 ? bytes.length : other;
}

async function frameBodyBytes(file: WindowedReader, at: number, frame: Buffer, version: number): Promise<number> {
  if (version < 3) return frame.readUIntBE(3, 3);
  const plain = frame.readUInt32BE(4);
  if (version === 3 || plain < 0x80) return plain;
  // Some writers of ID3v2.4 use all eight bits: the bytes that follow the frame show which one it is.
  const next = await file.read(at + frame.length + synchsafe(plain), 4);
  return /^[A-Z0-9]{4}$/.test(next.toString('latin1')) || next[0] === 0 ? synchsafe(plain) : plain;
}
