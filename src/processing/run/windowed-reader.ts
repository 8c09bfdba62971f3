import { open, type FileHandle } from 'node:fs/promises';

/** Bytes. Walking through the parts of a file reads it at most once, this much at a time. */
const windowBytes = 64 * 1024;

/** Reads a file, or bytes in memory, at any position, and keeps only a window of the file in memory. */
export class WindowedReader implements AsyncDisposable {
  private window: Buffer;
  private start = 0;

  private constructor(
    private readonly handle: FileHandle | undefined,
    bytes: Buffer,
    readonly length: number,
  ) {
    this.window = bytes;
  }

  static async open(input: string | Buffer): Promise<WindowedReader> {
    if (typeof input !== 'string') return new WindowedReader(undefined, input, input.length);
    const handle = await open(input);
    return new WindowedReader(handle, Buffer.alloc(0), (await handle.stat()).size);
  }

  /** Valid until the next call; fewer bytes at the end of the file. */
  async read(position: number, length: number): Promise<Buffer> {
    const from = position - this.start;
    const isInside = from >= 0 && from + length <= this.window.length;
    if (isInside || !this.handle) return this.window.subarray(from, from + length);
    const wanted = Math.max(0, Math.min(Math.max(length, windowBytes), this.length - position));
    const { buffer, bytesRead } = await this.handle.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
    this.window = buffer.subarray(0, bytesRead);
    this.start = position;
    return this.window.subarray(0, length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle?.close();
  }
}
