import { ProcessingFailure } from '../run/failure.js';

/**
 * Of all EXIF blocks of a file. Real ones have a hundred entries. A directory of a broken one may point to itself once,
 * which is cheap up to this depth.
 */
const limits = { entries: 10_000, valueBytes: 32 * 1024 * 1024, depth: 32 } as const;

/** Where EXIF 2.32, 4.6.3 lets an entry point to a directory: EXIF, GPS, interoperability. */
const pointers: ReadonlySet<number> = new Set([0x8769, 0x8825, 0xa005]);
/** Bytes of a value, by type (TIFF 6.0, section 2). */
const valueBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];
const prefix = Buffer.from('Exif\0\0', 'latin1');

/**
 * Counts what a reader that follows every pointer reads, such as libexif: a directory of a few kilobytes with thousands
 * of pointers to itself takes it seconds.
 */
export class ExifCost {
  private entries = 0;
  private valueBytes = 0;

  /** @throws {ProcessingFailure} `corrupt_input` if the total, with earlier blocks, exceeds the limits */
  add(exif: Buffer): void {
    const tiff = exif.subarray(prefix.equals(exif.subarray(0, prefix.length)) ? prefix.length : 0);
    const isLittle = tiff.toString('latin1', 0, 2) === 'II';
    const short = (at: number) => (at + 2 > tiff.length ? 0 : isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
    const long = (at: number) => (at + 4 > tiff.length ? 0 : isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
    /** @returns where the offset of the next directory lies */
    const visit = (directory: number, depth: number): number => {
      if (!directory || depth > limits.depth) return tiff.length;
      const end = Math.min(directory + 2 + short(directory) * 12, tiff.length);
      for (let entry = directory + 2; entry + 12 <= end; entry += 12) {
        const bytes = (valueBytes[short(entry + 2)] ?? 0) * long(entry + 4);
        // A value that does not fit is not read.
        this.count(bytes <= tiff.length ? bytes : 0);
        if (pointers.has(short(entry))) visit(long(entry + 8), depth + 1);
      }
      return end;
    };
    // Readers follow the offset of a next directory only from that of the picture to that of the thumbnail.
    visit(long(visit(long(4), 1)), 1);
  }

  private count(bytes: number): void {
    this.entries += 1;
    this.valueBytes += bytes;
    if (this.entries > limits.entries || this.valueBytes > limits.valueBytes)
      throw new ProcessingFailure('corrupt_input', 'EXIF with circular pointers or too many entries');
  }
}
