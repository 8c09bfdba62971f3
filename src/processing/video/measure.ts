import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Context } from '../run/context.js';
import { ProcessingFailure } from '../run/failure.js';
import { ffmpeg, flags, undecodedPictures, untrusted } from '../run/ffmpeg.js';
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
const packetsFile = 'packets.txt';
/** Limits for the duration of a single picture, for which only the header declares one. */
const [minSinglePictureMs, maxSinglePictureMs] = [40, 60_000];

/**
 * Reads every packet of the main streams as the encoder will: with clock discontinuities corrected, and without what an
 * edit list hides.
 * @param cwd for a temporary file
 * @throws {ProcessingFailure} `corrupt_input` if there is nothing to play, or the file is truncated too much;
 *   `too_long`
 */
export async function measure(input: string, found: Probe, cwd: string, ctx: Context): Promise<Measured> {
  const { format } = found;
  const streams = [found.video, found.audio].filter((stream) => stream !== null);
  const { stderrTail } = await ffmpeg(
    {
      inputs: [untrusted(path.resolve(input), format.demuxer!, found.video ? [] : undecodedPictures)],
      outputs: [
        {
          path: packetsFile,
          options: [
            ...streams.flatMap(({ index }) => flags({ map: `0:${index}` })),
            ...['-c', 'copy', '-copyinkf', '-f', 'framecrc'],
          ],
        },
      ],
    },
    { ...ctx, onProgress: undefined },
    { cwd },
  );
  const file = path.join(cwd, packetsFile);
  const extents = await readExtents(file);
  await rm(file);

  const of = (stream: VideoStream | AudioStream | null) => extents.get(streams.indexOf(stream!));
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

/** By the index of the stream in the output (https://ffmpeg.org/ffmpeg-formats.html#framecrc-1). */
async function readExtents(file: string): Promise<Map<number, Extent>> {
  const extents = new Map<number, Extent>();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [, stream, numerator, denominator] = /^#tb (\d+): (\d+)\/(\d+)/.exec(line) ?? [];
    if (stream !== undefined) extents.set(Number(stream), new Extent((1000 * Number(numerator)) / Number(denominator)));
    if (line.startsWith('#')) continue;
    const [index = NaN, dts = NaN, pts = NaN, duration = NaN] = line.split(',').map(Number);
    extents.get(index)?.include(dts, pts, duration);
  }
  return extents;
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

  constructor(private readonly unitMs: number) {}

  include(dts: number, pts: number, duration: number): void {
    const at = pts === noTime ? dts : pts;
    if (at === noTime) return;
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
