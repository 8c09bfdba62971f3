import { open, type FileHandle } from 'node:fs/promises';
import { boxesIn, findBoxes, type Box } from '../accept/boxes.js';
import type { Segments } from './hls.js';

/** One track of a fragmented MP4, measured from its fragments; durations in other boxes are ignored. */
export type Track = {
  kind: 'video' | 'audio';
  /** From the start of its first sample to the end of its last. */
  durationMs: number;
  /** Average duration of one of its frames. */
  frameMs: number;
  /** Its part in each segment; null if the segment contains nothing of it. */
  spans: (Span | null)[];
};

/** In presentation time, which is that of the fragments changed by the edit list. */
export type Span = { startMs: number; endMs: number };

export type Fragments = {
  tracks: Track[];
  /** Per segment: bytes up to the end of its first picture, which is a key frame. Empty without a video track. */
  keyBytes: number[];
};

type TrackClock = {
  kind: Track['kind'];
  timescale: number;
  /** From the time of a sample to its presentation, in ms. */
  offsetMs: number;
  start?: number;
  end: number;
  samples: number;
  spans: (Span | null)[];
};
/** Consecutive samples of one track (`trun`), in units of its time scale. */
type TrackRun = {
  trackId: number;
  /** Decoding time. */
  start: number;
  duration: number;
  samples: number;
  /** Presentation time from the first of its samples to the end of the last. */
  shownFrom: number;
  shownTo: number;
  firstSampleEnd: number;
};

/**
 * Reads the headers of all fragments (ISO/IEC 14496-12, 8.8), not their media.
 * @throws {Error} on what ffmpeg never writes
 */
export async function readFragments(file: string, { initBytes, segments }: Segments): Promise<Fragments> {
  await using handle = await open(file);
  const clocks = clocksOf(await read(handle, 0, initBytes));
  const keyBytes: number[] = [];
  for (const { offset, bytes } of segments) {
    const runs = await runsIn(handle, offset, offset + bytes);
    for (const { spans } of clocks.values()) spans.push(null);
    for (const run of runs) {
      const clock = clocks.get(run.trackId);
      if (!clock) throw new Error(`fragment of an unknown track ${run.trackId}`);
      addRun(clock, run);
    }
    const picture = runs.find(({ trackId }) => clocks.get(trackId)!.kind === 'video');
    if (picture) keyBytes.push(picture.firstSampleEnd - offset);
  }
  const tracks = [...clocks.values()].map(({ kind, timescale, start = 0, end, samples, spans }): Track => {
    const durationMs = ((end - start) / timescale) * 1000;
    return { kind, durationMs, frameMs: samples ? durationMs / samples : 0, spans };
  });
  return { tracks, keyBytes };
}

function addRun(clock: TrackClock, { start, duration, samples, shownFrom, shownTo }: TrackRun): void {
  clock.start ??= start;
  clock.end = Math.max(clock.end, start + duration);
  clock.samples += samples;
  const presented = (time: number) => (time / clock.timescale) * 1000 + clock.offsetMs;
  const before = clock.spans.at(-1);
  clock.spans[clock.spans.length - 1] = {
    startMs: Math.min(before?.startMs ?? Infinity, presented(shownFrom)),
    endMs: Math.max(before?.endMs ?? -Infinity, presented(shownTo)),
  };
}

/** By track id. */
function clocksOf(init: Buffer): Map<number, TrackClock> {
  const [mvhd] = findBoxes(init, 'mvhd');
  if (!mvhd) throw new Error('initialization section without mvhd');
  const movieTimescale = init.readUInt32BE(mvhd.body + (isVersion1(init, mvhd) ? 20 : 12));
  const tracks = findBoxes(init, 'trak').map((trak): [number, TrackClock] => {
    const one = (type: string) => only(init, type, trak);
    const [tkhd, mdhd, hdlr] = [one('tkhd'), one('mdhd'), one('hdlr')];
    const id = init.readUInt32BE(tkhd.body + (isVersion1(init, tkhd) ? 20 : 12));
    const timescale = init.readUInt32BE(mdhd.body + (isVersion1(init, mdhd) ? 20 : 12));
    const handler = init.toString('latin1', hdlr.body + 8, hdlr.body + 12);
    const { delay, mediaTime } = editOf(init, trak);
    const offsetMs = (delay / movieTimescale - mediaTime / timescale) * 1000;
    const kind = handler === 'vide' ? 'video' : 'audio';
    return [id, { kind, timescale, offsetMs, end: 0, samples: 0, spans: [] }];
  });
  return new Map(tracks);
}

/**
 * The edit list of a track (8.6.6): its presentation begins after `delay`, in the movie's time scale, with the sample
 * at `mediaTime`, in the track's time scale.
 */
function editOf(init: Buffer, trak: Box): { delay: number; mediaTime: number } {
  const edit = { delay: 0, mediaTime: 0 };
  const [elst] = findBoxes(init, 'elst', trak.body, trak.end);
  if (!elst) return edit;
  const isLong = isVersion1(init, elst);
  const entries = init.readUInt32BE(elst.body + 4);
  for (let i = 0; i < entries; i++) {
    const at = elst.body + 8 + i * (isLong ? 20 : 12);
    const duration = isLong ? Number(init.readBigUInt64BE(at)) : init.readUInt32BE(at);
    const mediaTime = isLong ? Number(init.readBigInt64BE(at + 8)) : init.readInt32BE(at + 4);
    if (mediaTime === -1) edit.delay += duration;
    else return { ...edit, mediaTime };
  }
  return edit;
}

async function runsIn(handle: FileHandle, from: number, to: number): Promise<TrackRun[]> {
  const runs: TrackRun[] = [];
  for (let at = from; at < to;) {
    const head = await read(handle, at, 8);
    const size = head.readUInt32BE(0);
    if (size < 8 || at + size > to) throw new Error(`box of ${size} bytes at ${at}`);
    if (head.toString('latin1', 4) === 'moof') runs.push(...runsOf(await read(handle, at, size), at));
    at += size;
  }
  return runs;
}

/** From `tfhd`, `tfdt` and `trun` of one `moof` (8.8.7, 8.8.12, 8.8.8). @param at its offset in the file */
function runsOf(moof: Buffer, at: number): TrackRun[] {
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
      .map((trun): TrackRun => {
        const samples = samplesOf(moof, trun, defaultDuration, defaultSize);
        const run = {
          trackId: moof.readUInt32BE(tfhd.body + 4),
          start,
          duration: samples.duration,
          samples: samples.count,
          shownFrom: start + samples.shownFrom,
          shownTo: start + samples.shownTo,
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
  let [shownFrom, shownTo] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const length = flags & 0x100 ? fields.next(1) : defaultDuration;
    const size = flags & 0x200 ? fields.next(1) : defaultSize;
    if (i === 0) firstSize = size;
    fields.skip(flags & 0x400, 4);
    // Signed in version 1; never negative in version 0.
    const shown = duration + (fields.next(flags & 0x800) | 0);
    shownFrom = Math.min(shownFrom, shown);
    shownTo = Math.max(shownTo, shown + length);
    duration += length;
  }
  return { count, dataOffset, duration, firstSize, shownFrom, shownTo };
}

/** Reads consecutive fields, each of which is present only if its flag is set. */
function fieldsAt(bytes: Buffer, position: number) {
  let at = position;
  return {
    next(isPresent: number): number {
      if (!isPresent) return 0;
      at += 4;
      return bytes.readUInt32BE(at - 4);
    },
    skip(isPresent: number, length: number): void {
      if (isPresent) at += length;
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
