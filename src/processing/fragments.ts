import { open, type FileHandle } from 'node:fs/promises';
import { boxesIn, findBoxes, type Box } from './boxes.js';
import type { Segments } from './hls.js';

/** One track of a fragmented MP4 of ours, measured from its fragments: what it says of itself elsewhere is not asked. */
export type Track = {
  kind: 'video' | 'audio';
  /** From the start of its first sample to the end of its last. */
  durationMs: number;
};

export type Fragments = {
  tracks: Track[];
  /** Of each segment: bytes from its start to the end of its first picture, which is a key frame. Empty without pictures. */
  keyBytes: number[];
};

type Clock = { kind: Track['kind']; timescale: number; start?: number; end: number };
type Run = { trackId: number; start: number; duration: number; firstSampleEnd: number };

/** Reads the heads of all fragments (ISO/IEC 14496-12, 8.8), never the media in them. Throws on what we don't write. */
export async function readFragments(file: string, { initBytes, segments }: Segments): Promise<Fragments> {
  await using handle = await open(file);
  const clocks = clocksOf(await read(handle, 0, initBytes));
  const keyBytes: number[] = [];
  for (const { offset, bytes } of segments) {
    const runs = await runsIn(handle, offset, offset + bytes);
    for (const { trackId, start, duration } of runs) {
      const clock = clocks.get(trackId);
      if (!clock) throw new Error(`fragment of an unknown track ${trackId}`);
      clock.start ??= start;
      clock.end = Math.max(clock.end, start + duration);
    }
    const picture = runs.find(({ trackId }) => clocks.get(trackId)!.kind === 'video');
    if (picture) keyBytes.push(picture.firstSampleEnd - offset);
  }
  const tracks = [...clocks.values()].map(({ kind, timescale, start = 0, end }) => ({
    kind,
    durationMs: ((end - start) / timescale) * 1000,
  }));
  return { tracks, keyBytes };
}

/** The tracks by their number. */
function clocksOf(init: Buffer): Map<number, Clock> {
  const tracks = findBoxes(init, 'trak').map((trak): [number, Clock] => {
    const one = (type: string) => only(init, type, trak);
    const [tkhd, mdhd, hdlr] = [one('tkhd'), one('mdhd'), one('hdlr')];
    const id = init.readUInt32BE(tkhd.body + (isVersion1(init, tkhd) ? 20 : 12));
    const timescale = init.readUInt32BE(mdhd.body + (isVersion1(init, mdhd) ? 20 : 12));
    const handler = init.toString('latin1', hdlr.body + 8, hdlr.body + 12);
    return [id, { kind: handler === 'vide' ? 'video' : 'audio', timescale, end: 0 }];
  });
  return new Map(tracks);
}

async function runsIn(handle: FileHandle, from: number, to: number): Promise<Run[]> {
  const runs: Run[] = [];
  for (let at = from; at < to;) {
    const head = await read(handle, at, 8);
    const size = head.readUInt32BE(0);
    if (size < 8 || at + size > to) throw new Error(`box of ${size} bytes at ${at}`);
    if (head.toString('latin1', 4) === 'moof') runs.push(...runsOf(await read(handle, at, size), at));
    at += size;
  }
  return runs;
}

/** What `tfhd`, `tfdt` and `trun` of one `moof` say (8.8.7, 8.8.12, 8.8.8). @param at where it starts in the file */
function runsOf(moof: Buffer, at: number): Run[] {
  return findBoxes(moof, 'traf').flatMap((traf) => {
    const [tfhd, tfdt] = [only(moof, 'tfhd', traf), only(moof, 'tfdt', traf)];
    const flags = flagsOf(moof, tfhd);
    const fields = fieldsAt(moof, tfhd.body + 8);
    fields.skip(flags & 0x1, 8);
    fields.skip(flags & 0x2, 4);
    const defaultDuration = fields.next(flags & 0x8);
    const defaultSize = fields.next(flags & 0x10);
    let start = isVersion1(moof, tfdt) ? Number(moof.readBigUInt64BE(tfdt.body + 4)) : moof.readUInt32BE(tfdt.body + 4);
    return boxesIn(moof, traf.body, traf.end)
      .filter(({ type }) => type === 'trun')
      .map((trun): Run => {
        const samples = samplesOf(moof, trun, defaultDuration, defaultSize);
        const run = {
          trackId: moof.readUInt32BE(tfhd.body + 4),
          start,
          duration: samples.duration,
          firstSampleEnd: at + samples.dataOffset + samples.firstSize,
        };
        start += samples.duration;
        return run;
      });
  });
}

function samplesOf(moof: Buffer, trun: Box, defaultDuration: number, defaultSize: number) {
  const flags = flagsOf(moof, trun);
  const count = moof.readUInt32BE(trun.body + 4);
  const fields = fieldsAt(moof, trun.body + 8);
  const dataOffset = fields.next(flags & 0x1);
  fields.skip(flags & 0x4, 4);
  let [duration, firstSize] = [0, 0];
  for (let i = 0; i < count; i++) {
    duration += flags & 0x100 ? fields.next(1) : defaultDuration;
    const size = flags & 0x200 ? fields.next(1) : defaultSize;
    if (i === 0) firstSize = size;
    fields.skip(flags & 0x400, 4);
    fields.skip(flags & 0x800, 4);
  }
  return { dataOffset, duration, firstSize };
}

/** Fields that are there when their flag is set, one after the other. */
function fieldsAt(bytes: Buffer, position: number) {
  let at = position;
  return {
    next(isThere: number): number {
      if (!isThere) return 0;
      at += 4;
      return bytes.readUInt32BE(at - 4);
    },
    skip(isThere: number, length: number): void {
      if (isThere) at += length;
    },
  };
}

const isVersion1 = (bytes: Buffer, box: Box) => bytes[box.body] === 1;
const flagsOf = (bytes: Buffer, box: Box) => bytes.readUIntBE(box.body + 1, 3);

function only(bytes: Buffer, type: string, inside: Box): Box {
  const [found] = findBoxes(bytes, type, inside.body, inside.end);
  if (!found) throw new Error(`${inside.type} without ${type}`);
  return found;
}

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new Error(`the file ends at ${position + bytesRead}`);
  return buffer;
}
