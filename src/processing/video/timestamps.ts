import { ffprobeLines, type ProbeContext } from '../run/ffmpeg.js';

/** Measured from the first packets of a video stream. */
export type Sample = {
  frames: number;
  /** Average frames per second; null for a single picture. */
  fps: number | null;
};

/** How much of a file is read: sampled to distinguish a clip from its preview, within a second of CPU time. */
const sampleSeconds = 10;
const maxPackets = 20_000;

/** Reads timestamps of all video streams near the start of a file, by stream index. @throws {ProcessingFailure} */
export async function sampleVideos(path: string, demuxer: string, ctx: ProbeContext): Promise<Map<number, Sample>> {
  const times = new Map<number, Times>();
  const sampled = new AbortController();
  let packets = 0;
  const onLine = (line: string) => {
    const [index = NaN, pts = NaN, dts = NaN] = line.split(',').map((field) => Number.parseFloat(field));
    if (!times.has(index)) times.set(index, new Times());
    times.get(index)!.add(pts, dts);
    if (++packets >= maxPackets) sampled.abort(sampled);
  };
  const show = ['-read_intervals', `%+${sampleSeconds}`, '-select_streams', 'v'];
  const entries = ['-show_entries', 'packet=stream_index,pts_time,dts_time'];
  try {
    const signal = AbortSignal.any([ctx.signal, sampled.signal]);
    await ffprobeLines(path, demuxer, [...show, ...entries], { ...ctx, signal }, onLine);
  } catch (error) {
    if (error !== sampled) throw error;
  }
  return new Map([...times].map(([index, each]) => [index, { frames: each.size, fps: each.fps }]));
}

/** Timestamps of one stream. Two pictures at the same time count as one: only the second is visible. */
class Times {
  private readonly distinct = new Set<number>();
  /** Pictures with a decoding time only: all in AVI, some in MPEG-PS. */
  private untimed = 0;
  private readonly presented = new Span();
  private readonly decoded = new Span();

  /** Seconds, NaN if missing. */
  add(pts: number, dts: number): void {
    if (Number.isFinite(pts)) this.distinct.add(pts);
    else this.untimed++;
    this.presented.include(pts);
    this.decoded.include(dts);
  }

  get size(): number {
    return this.distinct.size + this.untimed;
  }

  get fps(): number | null {
    const seconds = this.presented.length || this.decoded.length;
    return this.size < 2 || !seconds ? null : (this.size - 1) / seconds;
  }
}

class Span {
  private first = Infinity;
  private last = -Infinity;

  include(at: number): void {
    if (!Number.isFinite(at)) return;
    this.first = Math.min(this.first, at);
    this.last = Math.max(this.last, at);
  }

  get length(): number {
    return Math.max(0, this.last - this.first);
  }
}
