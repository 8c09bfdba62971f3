import { ffprobeLines, type ProbeContext } from '../run/ffmpeg.js';

/** What the first packets of a video stream say. */
export type Sample = {
  frames: number;
  /** Frames per second on average; null of a single picture. */
  fps: number | null;
};

/** How much of a file is looked at: enough to tell a clip from its preview, and no more than a second of work. */
const sampleSeconds = 10;
const maxPackets = 20_000;

/** Reads the timestamps of all video streams near the start of a file, by the index of the stream. @throws {ProcessingFailure} */
export async function sampleVideos(path: string, demuxer: string, ctx: ProbeContext): Promise<Map<number, Sample>> {
  const times = new Map<number, Times>();
  const enough = new AbortController();
  let packets = 0;
  const onLine = (line: string) => {
    const [index = NaN, pts = NaN, dts = NaN] = line.split(',').map((field) => Number.parseFloat(field));
    if (!times.has(index)) times.set(index, new Times());
    times.get(index)!.add(pts, dts);
    if (++packets >= maxPackets) enough.abort(enough);
  };
  const show = ['-read_intervals', `%+${sampleSeconds}`, '-select_streams', 'v'];
  const entries = ['-show_entries', 'packet=stream_index,pts_time,dts_time'];
  try {
    const signal = AbortSignal.any([ctx.signal, enough.signal]);
    await ffprobeLines(path, demuxer, [...show, ...entries], { ...ctx, signal }, onLine);
  } catch (error) {
    if (error !== enough) throw error;
  }
  return new Map([...times].map(([index, each]) => [index, { frames: each.size, fps: each.fps }]));
}

/** When the pictures of one stream are shown. Two at the same moment are one: only the second would be seen. */
class Times {
  private readonly distinct = new Set<number>();
  /** Pictures that only say when they are decoded, as all do in AVI and some in MPEG-PS. */
  private untimed = 0;
  private readonly shown = new Span();
  private readonly decoded = new Span();

  /** Seconds, NaN where the packet does not say. */
  add(pts: number, dts: number): void {
    if (Number.isFinite(pts)) this.distinct.add(pts);
    else this.untimed++;
    this.shown.include(pts);
    this.decoded.include(dts);
  }

  get size(): number {
    return this.distinct.size + this.untimed;
  }

  get fps(): number | null {
    const seconds = this.shown.length || this.decoded.length;
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
