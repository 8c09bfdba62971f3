/** As much as may lie around of what was streamed. */
const mostBytes = 8 * 1024 * 1024;
let spentBytes = 0;

/**
 * Says that a buffer of so many bytes went by. V8 doesn't count them as its own: it would let them pile up until its
 * young generation is full of the small objects that hold them, which takes 60 MiB of buffers
 * (docs/decisions/0009-spent-buffers.md).
 */
export function spent(bytes: number): void {
  spentBytes += bytes;
  if (spentBytes < mostBytes) return;
  spentBytes = 0;
  // There where the process was started with --expose-gc, as all of ours are.
  void globalThis.gc?.({ type: 'minor' });
}
