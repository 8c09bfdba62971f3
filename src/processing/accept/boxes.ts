import { ProcessingFailure } from '../run/failure.js';

/** A box (ISO/IEC 14496-12, 4.2): offsets in bytes from the start of the buffer. */
export type Box = { type: string; start: number; body: number; end: number };

const containers = new Set(['moov', 'trak', 'edts', 'mdia', 'minf', 'stbl', 'moof']);

/** Siblings. Large pictures have thousands, one per tile; a malicious file may have millions. */
const maxBoxes = 100_000;

/**
 * The sibling boxes between `start` and `end`; stops at the first that does not fit.
 * @throws {ProcessingFailure} `corrupt_input` if there are too many
 */
export function boxesIn(bytes: Buffer, start = 0, end = bytes.length): Box[] {
  const boxes: Box[] = [];
  for (let at = start; at + 8 <= end;) {
    const small = bytes.readUInt32BE(at);
    const isLarge = small === 1 && at + 16 <= end;
    const size = isLarge ? Number(bytes.readBigUInt64BE(at + 8)) : small === 0 ? end - at : small;
    const body = at + (isLarge ? 16 : 8);
    if (at + size > end || at + size < body) break;
    if (boxes.length === maxBoxes) throw new ProcessingFailure('corrupt_input', `more than ${maxBoxes} boxes`);
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), start: at, body, end: at + size });
    at += size;
  }
  return boxes;
}

/** Every box of a type, in file order, searching container boxes, too. */
export function findBoxes(bytes: Buffer, type: string, start = 0, end = bytes.length): Box[] {
  return boxesIn(bytes, start, end).flatMap((box) => {
    if (box.type === type) return [box];
    return containers.has(box.type) ? findBoxes(bytes, type, box.body, box.end) : [];
  });
}
