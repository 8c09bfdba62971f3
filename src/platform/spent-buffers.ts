/** Streamed bytes after which dead buffers are collected. */
const collectAfterBytes = 8 * 1024 * 1024;
let spentBytes = 0;

/**
 * Counts the bytes of a buffer that was streamed. V8 does not count them as its own memory: it lets them pile up until
 * the small objects that hold them fill its young generation, at 60 MiB of buffers
 * (docs/decisions/0009-spent-buffers.md).
 */
export function spent(bytes: number): void {
  spentBytes += bytes;
  if (spentBytes < collectAfterBytes) return;
  spentBytes = 0;
  // Available with --expose-gc, which all our processes have.
  void globalThis.gc?.({ type: 'minor' });
}
