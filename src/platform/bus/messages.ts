/** Topics with their payloads. */
export type Messages = [topic: string, payload: unknown][];

/** PostgreSQL's NOTIFY takes less than 8,000 bytes. */
const maxChunkBytes = 7_900;

/**
 * As JSON arrays, each small enough for one NOTIFY.
 * @throws {RangeError} for a message that is larger by itself: its sender must split it
 */
export function chunksOf(messages: Messages): string[] {
  const chunks: string[] = [];
  let parts: string[] = [];
  let bytes = 2;
  for (const message of messages) {
    const text = JSON.stringify(message);
    const size = Buffer.byteLength(text) + 1;
    if (size + 2 > maxChunkBytes) throw new RangeError(`A message of ${size} bytes for ${message[0]}`);
    if (bytes + size > maxChunkBytes) {
      chunks.push(`[${parts.join(',')}]`);
      parts = [];
      bytes = 2;
    }
    parts.push(text);
    bytes += size;
  }
  if (parts.length) chunks.push(`[${parts.join(',')}]`);
  return chunks;
}
