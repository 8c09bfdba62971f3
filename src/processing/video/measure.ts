import path from 'node:path';
import type { Context } from '../run/context.js';
import { ProcessingFailure } from '../run/failure.js';
import { ffmpegLines, flags, printed, undecodedPictures, untrusted } from '../run/ffmpeg.js';
import { PacketClock } from '../run/packet-clock.js';
import { compareWithHeader, type Warning } from './lengths.js';
import { withFrameRate, type AudioStream, type Probe, type VideoStream } from '../run/streams.js';

/** What all packets of a file say. */
type Measured = {
  /** From 0 on ffmpeg's clock, where playback starts, to the end of the last picture or sound. */
  durationMs: number;
  /** With the measured frame rate; `durationMs` is the end of the last picture when decoded, on the same clock. */
  video: VideoStream | null;
  warnings: Warning[];
};

/** What demuxers report if bytes that the header declares are missing. */
const truncationMessages = /partial file|ended prematurely/;
/** Limits for the duration of a single picture, for which only the header declares one. */
const [minSinglePictureMs, maxSinglePictureMs] = [40, 60_000];

/**
 * Reads every packet of the picture and the sounds as the encoder will: with clock discontinuities corrected, and without what an
 * edit list hides.
 * @throws {ProcessingFailure} `corrupt_input` if there is nothing to play, the file is truncated too much, or has more
 *   packets than their time can hold; `too_long`
 */
export async function measure(input: string, found: Probe, cwd: string, ctx: Context): Promise<Measured> {
  const { format } = found;
  // Other sounds only because they may have too many packets, too; one without a rate can't be written.
  const others = found.otherAudio.filter(({ sampleRate }) => sampleRate > 0);
  const streams = [found.video, found.audio, ...others].filter((stream) => stream !== null);
  const extents = new Extents();
  const { stderrTail } = await ffmpegLines(
    {
      inputs: [untrusted(path.resolve(input), format.demuxer!, found.video ? [] : undecodedPictures)],
      outputs: [
        {
          path: printed,
          options: [
            ...streams.flatMap(({ index }) => flags({ map: `0:${index}` })),
            ...['-c', 'copy', '-copyinkf', '-f', 'framecrc'],
          ],
        },
      ],
    },
    { ...ctx, signal: AbortSignal.any([ctx.signal, extents.crowded]) },
    cwd,
    (line) => extents.read(line),
  );

  const of = (stream: VideoStream | AudioStream | null) => extents.of(streams.indexOf(stream!));
  const [picture, sound] = [of(found.video), of(found.audio)];
  const singlePictureMs = Math.min(found.durationMs ?? 0, maxSinglePictureMs) || minSinglePictureMs;
  const durationMs = Math.round(Math.max(picture?.endMs(singlePictureMs) ?? 0, sound?.endMs(0) ?? 0));
  if (durationMs <= 0) throw new ProcessingFailure('corrupt_input', 'no packet with a duration');
  // Accepting the file could not detect this if its clock restarts.
  if (durationMs > (ctx.maxDurationMs ?? Infinity) * 1.01)
    throw new ProcessingFailure('too_long', `${durationMs} ms of ${ctx.maxDurationMs}`);
  // A decoder ends a single picture early; the encoder holds it for the rest (video-command.ts).
  const decodedMs = picture?.endMs(minSinglePictureMs) ?? 0;
  const video = found.video && withFrameRate({ ...found.video, durationMs: decodedMs }, picture?.fps ?? null);
  const declaredMs = declaredDurationMs(found, durationMs);
  const isCutOff = format.countsSamples === true || truncationMessages.test(stderrTail);
  const frameMs = video?.fps ? 1000 / video.fps : 0;
  const warning = declaredMs === null ? null : compareWithHeader(declaredMs, durationMs, frameMs, isCutOff);
  return { durationMs, video, warnings: warning ? [warning] : [] };
}

/**
 * The duration that headers declare for the main streams; others may last longer. Null if it would be an estimate. Some
 * formats count from the start of the file, some from 0 on its clock: the one nearer to the measured duration is used.
 */
function declaredDurationMs({ format, startMs, durationMs, video, audio }: Probe, measuredMs: number): number | null {
  if (format.guessesDuration) return null;
  const ends = [video, audio].map((stream) =>
    stream && stream.durationMs !== null ? stream.startMs - startMs + stream.durationMs : null,
  );
  const known = ends.filter((end) => end !== null);
  const declared = known.length ? Math.max(...known) : durationMs;
  if (declared === null) return null;
  const sinceStart = declared - startMs;
  return Math.abs(sinceStart - measuredMs) < Math.abs(declared - measuredMs) ? sinceStart : declared;
}

/** What ffmpeg prints, by the index of the stream in the output (https://ffmpeg.org/ffmpeg-formats.html#framecrc-1). */
class Extents {
  private readonly extents = new Map<number, Extent>();
  private readonly crowd = new AbortController();

  /** Aborts when a stream has more packets than their time can hold. */
  get crowded(): AbortSignal {
    return this.crowd.signal;
  }

  read(line: string): void {
    const [, stream, numerator, denominator] = /^#tb (\d+): (\d+)\/(\d+)/.exec(line) ?? [];
    if (stream !== undefined)
      this.extents.set(Number(stream), new Extent((1000 * Number(numerator)) / Number(denominator)));
    if (line.startsWith('#')) return;
    const [index = NaN, dts = NaN, pts = NaN, duration = NaN] = line.split(',').map(Number);
    const failure = this.extents.get(index)?.include(dts, pts, duration);
    if (failure) this.crowd.abort(failure);
  }

  of(index: number): Extent | undefined {
    return this.extents.get(index);
  }
}

/** `AV_NOPTS_VALUE` */
const noTime = -(2 ** 63);

/** Timestamps of one stream. */
class Extent {
  private last = -Infinity;
  private lastDuration = 0;
  private firstDts = NaN;
  private lastDts = NaN;
  private frames = 0;
  private readonly clock = new PacketClock();

  constructor(private readonly unitMs: number) {}

  /** @returns why nothing can play what was included so far, or null */
  include(dts: number, pts: number, duration: number): ProcessingFailure | null {
    const at = pts === noTime ? dts : pts;
    if (at !== noTime) this.stretch(at, dts, duration);
    return this.clock.add(at === noTime ? NaN : at * this.unitMs);
  }

  private stretch(at: number, dts: number, duration: number): void {
    // Of two pictures at the same time, only one is visible.
    if (dts !== this.lastDts) this.frames++;
    if (this.frames === 1) this.firstDts = dts;
    this.lastDts = dts;
    if (at < this.last) return;
    this.last = at;
    this.lastDuration = duration > 0 ? duration : 0;
  }

  /** From decoding times, which every packet has. */
  get fps(): number | null {
    const spanMs = (this.lastDts - this.firstDts) * this.unitMs;
    return this.frames < 2 || !(spanMs > 0) ? null : ((this.frames - 1) * 1000) / spanMs;
  }

  /** @param singleMs duration of a single packet that declares none; one of several lasts as long as their average */
  endMs(singleMs: number): number {
    if (!Number.isFinite(this.last)) return 0;
    return this.last * this.unitMs + (this.lastDuration * this.unitMs || (this.fps ? 1000 / this.fps : singleMs));
  }
}
