import { ProcessingFailure } from '../run/failure.js';

/** A box of ISO/IEC 14496-12, 4.2: offsets in bytes from the start of the buffer it was read from. */
export type Box = { type: string; start: number; body: number; end: number };

const containers = new Set(['moov', 'trak', 'edts', 'mdia', 'minf', 'stbl', 'moof']);

/** Side by side. Large pictures have thousands, one for each tile; a file has room for millions. */
const mostBoxes = 100_000;

/**
 * The boxes that lie side by side between `start` and `end`; stops at the first that does not fit.
 * @throws {ProcessingFailure} `corrupt_input` when there are too many
 */
export function boxesIn(bytes: Buffer, start = 0, end = bytes.length): Box[] {
  const boxes: Box[] = [];
  for (let at = start; at + 8 <= end;) {
    const small = bytes.readUInt32BE(at);
    const isLarge = small === 1 && at + 16 <= end;
    const size = isLarge ? Number(bytes.readBigUInt64BE(at + 8)) : small === 0 ? end - at : small;
    const body = at + (isLarge ? 16 : 8);
    if (at + size > end || at + size < body) break;
    if (boxes.length === mostBoxes) throw new ProcessingFailure('corrupt_input', `more than ${mostBoxes} boxes`);
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), start: at, body, end: at + size });
    at += size;
  }
  return boxes;
}

/** Every box of a type, in file order, looking into the boxes that hold others. */
export function findBoxes(bytes: Buffer, type: string, start = 0, end = bytes.length): Box[] {
  return boxesIn(bytes, start, end).flatMap((box) => {
    if (box.type === type) return [box];
    return containers.has(box.type) ? findBoxes(bytes, type, box.body, box.end) : [];
  });
}
