/** Up to this many bytes, a loop is faster than a call of `copy`. */
const maxLoopBytes = 64;

/**
 * Collects the parts of a file that are kept in one buffer. A malicious file may have a part for every two of its bytes,
 * so a part creates no object, and adjacent parts are copied together.
 */
export class KeptBytes {
  private readonly kept: Buffer;
  private length = 0;
  /** Range that is kept but not copied yet. */
  private start = 0;
  private end = 0;

  /** @param maxAdded maximum number of bytes passed to `add` */
  constructor(
    private readonly bytes: Buffer,
    maxAdded: number,
  ) {
    this.kept = Buffer.allocUnsafe(bytes.length + maxAdded);
  }

  /** Parts must come in file order, each once; one that exceeds the file is cut. */
  keep(start: number, end: number): void {
    if (start !== this.end) {
      this.copy();
      this.start = start;
    }
    this.end = end;
  }

  add(bytes: Buffer): void {
    this.copy();
    this.length += bytes.copy(this.kept, this.length);
  }

  all(): Buffer {
    this.copy();
    return this.kept.subarray(0, this.length);
  }

  private copy(): void {
    const end = Math.min(this.end, this.bytes.length);
    if (end - this.start > maxLoopBytes) this.length += this.bytes.copy(this.kept, this.length, this.start, end);
    else for (let at = this.start; at < end; at++) this.kept[this.length++] = this.bytes[at]!;
    this.start = this.end;
  }
}

/** Whether this text is at this position. Called for every part, so it creates no string. */
export function isAt(bytes: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
