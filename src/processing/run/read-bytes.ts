import { open } from 'node:fs/promises';

/** Bytes of a file, by default from its start; fewer if it is shorter. */
export async function readBytes(file: string, length: number, position = 0): Promise<Buffer> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
