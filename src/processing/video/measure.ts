import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Context } from '../run/context.js';
import { ProcessingFailure } from '../run/failure.js';
import { ffmpeg, flags, undecodedPictures, untrusted } from '../run/ffmpeg.js';
import { compareWithHeader, type Warning } from './lengths.js';
import { withFrameRate, type AudioStream, type Probe, type VideoStream } from '../run/streams.js';

/** A file as its packets say, from the first to the last. */
export type Measured = {
  /** From 0 on ffmpeg's clock, where it starts to play, to the end of the last picture or sound. */
  durationMs: number;
  /** With the measured frame rate; `durationMs` is where a decoder shows its last picture to, on the same clock. */
  video: VideoStream | null;
  warnings: Warning[];
};

/** What demuxers say when bytes that the header promised are not there. */
const saysCutOff = /partial file|ended prematurely/;
const packetsFile = 'packets.txt';
/** How long the only picture of a file is shown if nothing but the header says it, which may say anything. */
const [shortestAloneMs, longestAloneMs] = [40, 60_000];

/**
 * Reads every packet of the main streams, as the encoder will: with jumps of the clock mended, and without what an edit
 * list leaves out.
 * @param cwd where a file may lie for the time being
 * @throws {ProcessingFailure} `corrupt_input` when there is nothing to play, or bytes are missing that held too much;
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
  const heldMs = Math.min(found.durationMs ?? 0, longestAloneMs) || shortestAloneMs;
  const durationMs = Math.round(Math.max(picture?.endMs(heldMs) ?? 0, sound?.endMs(0) ?? 0));
  if (durationMs <= 0) throw new ProcessingFailure('corrupt_input', 'no packet that plays');
  // Where the clock begins again nobody could tell when the file came in.
  if (durationMs > (ctx.maxDurationMs ?? Infinity) * 1.01)
    throw new ProcessingFailure('too_long', `${durationMs} ms of ${ctx.maxDurationMs}`);
  // A decoder shows the only picture no longer than it has to; what is missing is held (video-command.ts).
  const shownMs = picture?.endMs(shortestAloneMs) ?? 0;
  const video = found.video && withFrameRate({ ...found.video, durationMs: shownMs }, picture?.fps ?? null);
  const said = saidMs(found, durationMs);
  const isCutOff = format.countsSamples === true || saysCutOff.test(stderrTail);
  const frameMs = video?.fps ? 1000 / video.fps : 0;
  const warning = said === null ? null : compareWithHeader(said, durationMs, frameMs, isCutOff);
  return { durationMs, video, warnings: warning ? [warning] : [] };
}

/**
 * What headers say of the main streams; other streams may last longer. Null where it would be an estimate. Some count from
 * the start of the file, some from 0 on its clock: the nearer one to what was measured is meant.
 */
function saidMs({ format, startMs, durationMs, video, audio }: Probe, measuredMs: number): number | null {
  if (format.guessesDuration) return null;
  const ends = [video, audio].map((stream) =>
    stream && stream.durationMs !== null ? stream.startMs - startMs + stream.durationMs : null,
  );
  const known = ends.filter((end) => end !== null);
  const said = known.length ? Math.max(...known) : durationMs;
  if (said === null) return null;
  return Math.abs(said - startMs - measuredMs) < Math.abs(said - measuredMs) ? said - startMs : said;
}

/** By the place of the stream in the output (https://ffmpeg.org/ffmpeg-formats.html#framecrc-1). */
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

/** `AV_NOPTS_VALUE`, as a number of JavaScript. */
const noTime = -(2 ** 63);

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
    // Two at the same time are one picture to whoever watches.
    if (dts !== this.lastDts) this.frames++;
    if (this.frames === 1) this.firstDts = dts;
    this.lastDts = dts;
    if (at < this.last) return;
    this.last = at;
    this.lastDuration = duration > 0 ? duration : 0;
  }

  /** By when they are decoded, which every packet says. */
  get fps(): number | null {
    const spanMs = (this.lastDts - this.firstDts) * this.unitMs;
    return this.frames < 2 || !(spanMs > 0) ? null : ((this.frames - 1) * 1000) / spanMs;
  }

  /** @param aloneMs how long a picture lasts that is the only one and does not say it; one of several lasts as they do */
  endMs(aloneMs: number): number {
    if (!Number.isFinite(this.last)) return 0;
    return this.last * this.unitMs + (this.lastDuration * this.unitMs || (this.fps ? 1000 / this.fps : aloneMs));
  }
}
