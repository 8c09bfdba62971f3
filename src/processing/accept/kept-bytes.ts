/** Up to so many a loop is quicker than a call. */
const fewBytes = 64;

/**
 * What stays of a file, in one piece of memory. Whoever made the file decides how many parts it has, and there may be
 * one for every two bytes: so no part costs an object, and neighbours are copied as one.
 */
export class KeptBytes {
  private readonly kept: Buffer;
  private length = 0;
  /** What stays and is not copied yet. */
  private start = 0;
  private end = 0;

  /** @param more bytes that `add` will add at most */
  constructor(
    private readonly bytes: Buffer,
    more: number,
  ) {
    this.kept = Buffer.allocUnsafe(bytes.length + more);
  }

  /** Parts come in the order of the file, each once; one that goes beyond its end is cut there. */
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
    if (end - this.start > fewBytes) this.length += this.bytes.copy(this.kept, this.length, this.start, end);
    else for (let at = this.start; at < end; at++) this.kept[this.length++] = this.bytes[at]!;
    this.start = this.end;
  }
}

/** Whether these characters stand there. Asked of every part, so it makes no string of them. */
export function saysAt(bytes: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
