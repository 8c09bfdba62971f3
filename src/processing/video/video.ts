import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { codecsOf } from '../run/codecs.js';
import type { Context } from '../run/context.js';
import { planCopy, type Copy } from './copyable.js';
import { coverageFaults, requireCoverage } from './coverage.js';
import { deriveSubtitles, type EmbeddedSubtitles } from './embedded-subtitles.js';
import { ProcessingFailure } from '../run/failure.js';
import { ffmpeg } from '../run/ffmpeg.js';
import { readFragments, type Track } from './fragments.js';
import { averageBandwidth, durationOf, parseMediaPlaylist, type Segments } from './hls.js';
import type { Sizes } from '../image/image.js';
import { compareLengths, type Warning } from './lengths.js';
import { measure } from './measure.js';
import { inParts } from '../run/parts.js';
import { derivePosterOfSource, derivePreviews } from './previews.js';
import { probe } from '../run/probe.js';
import { readBytes } from '../run/read-bytes.js';
import type { Sheet, StoryboardPlan } from './storyboard.js';
import { rateOf, targetRate, videoCommand, type Source, type Stage } from './video-command.js';
import { planLadder, type Rung } from './video-ladder.js';
import { planVideo } from './video-plan.js';
import { copyCommand } from './copy-command.js';

/** One HLS stream: a fragmented MP4, for segments and for progressive download. */
export type Stream = Segments & {
  name: string;
  path: string;
  /** bit/s, measured over the segments. */
  bitrate: number;
  bytes: number;
  codecs: string;
  durationMs: number;
};
export type Rendition = Stream & {
  mimeType: 'video/mp4';
  /** px */
  width: number;
  height: number;
  fps: number;
};
/** Sound alone. `isMain`: the one that is part of the rungs, too. */
type SoundRendition = Stream & {
  mimeType: 'audio/mp4';
  isMain: boolean;
  language: string | null;
  title: string | null;
};

export type Video = {
  facts: {
    /** px, as displayed. */
    width: number;
    height: number;
    durationMs: number;
    fps: number;
    rotation: number;
    hasAudio: boolean;
    /** Of the main sound, BCP 47. */
    language: string | null;
    videoCodec: string;
    audioCodec: string | null;
    warnings: Warning[];
  };
  /** Smallest first. */
  renditions: Rendition[];
  sounds: SoundRendition[];
  subtitles: EmbeddedSubtitles[];
  storyboard: Sheet[];
  poster: Sizes;
};

/** px, of the larger side */
const minPreviewSide = 320;

/**
 * Makes all renditions of a video, as files in `dir`, which must be empty.
 * @param onPlayable gets what is finished as soon as it can be played; processing continues when it resolves. Not
 *   called if everything is encoded in one run.
 * @throws {ProcessingFailure}
 */
export async function deriveVideo(
  input: string,
  dir: string,
  ctx: Context,
  onPlayable?: (video: Video) => Promise<void>,
): Promise<Video> {
  const found = await probe(input, ctx);
  if (!found.video) throw new ProcessingFailure('no_streams', 'no video stream');
  await mkdir(dir, { recursive: true });
  const { durationMs, video, warnings } = await measure(input, found, dir, ctx);
  const source: Source = { ...found, video: video!, durationMs };
  const build = new VideoBuild(path.resolve(input), dir, source, durationMs, ctx, warnings);

  const copy = await build.copyLargest();
  if (copy) await onPlayable?.(build.video());
  const { stages, storyboard, weights } = planVideo(source, durationMs, copy);
  const [first = 0, ...others] = weights.stages;
  const part = inParts([weights.before, first, weights.previews, ...others], ctx.onProgress);
  part(0)(1);
  if (stages[0]) await build.run(stages[0], copy, part(1));
  await build.drawPreviews(storyboard, part(2));
  for (const [i, stage] of stages.slice(1).entries()) {
    await onPlayable?.(build.video());
    await build.run(stage, copy, part(3 + i));
  }
  await build.extractSubtitles();
  return build.video();
}

/** A stream that was written, and its tracks. */
type Described = { made: Stream; tracks: Track[]; track: (kind: Track['kind']) => Track | undefined };

/** Processing of one video, with the renditions that are finished. */
class VideoBuild {
  private readonly renditions: Rendition[] = [];
  private readonly sounds: SoundRendition[] = [];
  private storyboard: Sheet[] = [];
  private subtitles: EmbeddedSubtitles[] = [];
  private poster: Sizes | null = null;
  private readonly silentCtx: Context;

  constructor(
    private readonly input: string,
    private readonly dir: string,
    private readonly source: Source,
    private readonly durationMs: number,
    private readonly ctx: Context,
    private readonly warnings: Warning[],
  ) {
    this.silentCtx = { ...ctx, onProgress: undefined };
  }

  /** Copies the largest rung instead of encoding it, and makes the poster; null if the source does not allow it. */
  async copyLargest(): Promise<Copy | null> {
    const { input, source, durationMs, ctx } = this;
    const rung = planLadder(source.video).at(-1)!;
    const copy = await planCopy(input, source, rung, durationMs / 1000, ctx);
    if (!copy) return null;
    const [isCopied, poster] = await Promise.all([this.addCopy(copy), derivePosterOfSource(this.task())]);
    this.poster = poster;
    return isCopied ? copy : null;
  }

  /** Encodes the sound if copied segments lack a part of it. @returns false if they lack a part in any case */
  private async addCopy(copy: Copy): Promise<boolean> {
    const { input, dir, source, silentCtx } = this;
    for (const withSound of copy.withSound ? [true, false] : [false]) {
      await ffmpeg(copyCommand(input, source, { ...copy, withSound }), silentCtx, { cwd: dir });
      const described = await this.describe(copy.rung.name);
      if (coverageFaults(copy.rung.name, described.tracks, described.made).length) continue;
      this.addRung(copy.rung, described);
      return true;
    }
    return false;
  }

  async run(stage: Stage, copy: Copy | null, onProgress: (fraction: number) => void): Promise<void> {
    const { input, dir, source, durationMs, ctx } = this;
    await ffmpeg(
      videoCommand(input, source, stage, ctx.threads, copy),
      { ...ctx, onProgress },
      { cwd: dir, durationMs },
    );
    for (const rung of stage.rungs) this.addRung(rung, await this.describeComplete(rung.name));
    for (const { name, stream } of stage.sounds) {
      const { track, made } = await this.describeComplete(name);
      this.checkLength(name, track('audio'));
      const { language, title } = stream;
      const isMain = stream.index === source.audio?.index;
      this.sounds.push({ ...made, mimeType: 'audio/mp4', isMain, language, title });
    }
  }

  /** The storyboard, and the poster if there is none yet. */
  async drawPreviews(plan: StoryboardPlan, onProgress: (fraction: number) => void): Promise<void> {
    const { renditions } = this;
    // The smallest rung that is large enough for tiles and poster candidates.
    const rung =
      renditions.find(({ width, height }) => Math.max(width, height) >= minPreviewSide) ?? renditions.at(-1)!;
    const task = { ...this.task(), ctx: { ...this.ctx, onProgress } };
    const { storyboard, poster } = await derivePreviews(rung.path, plan, !this.poster, task);
    this.storyboard = storyboard;
    this.poster ??= poster;
  }

  async extractSubtitles(): Promise<void> {
    this.subtitles = await deriveSubtitles(this.input, this.source, this.dir, this.ctx);
  }

  private task() {
    const { input, dir, source, durationMs, silentCtx: ctx } = this;
    return { input, dir, source, durationMs, ctx };
  }

  private addRung({ name, width, height }: Rung, { track, made }: Described): void {
    const { video, audio } = this.source;
    const picture = track('video');
    if (Boolean(track('audio')) !== Boolean(audio))
      throw new ProcessingFailure('internal', `${name}: sound is missing or unexpected`);
    this.checkLength(name, picture);
    const fps = rateOf(targetRate(video));
    this.checkSegmentBorders(name, made, fps);
    this.renditions.push({ ...made, mimeType: 'video/mp4', width, height, fps });
    this.renditions.sort((a, b) => a.width - b.width || a.height - b.height);
  }

  /** @throws {ProcessingFailure} if a segment lacks a part of a track: players would stop there */
  private async describeComplete(name: string): Promise<Described> {
    const described = await this.describe(name);
    requireCoverage(name, described.tracks, described.made);
    return described;
  }

  private async describe(name: string): Promise<Described> {
    const file = path.join(this.dir, `${name}.mp4`);
    const playlist = parseMediaPlaylist(await readFile(path.join(this.dir, `${name}.m3u8`), 'utf8'));
    const { tracks, keyBytes } = await readFragments(file, playlist);
    const segments = playlist.segments.map((segment, i) => ({
      ...segment,
      ...(keyBytes[i] !== undefined && { keyBytes: keyBytes[i] }),
    }));
    const made: Stream = {
      name,
      path: file,
      bitrate: averageBandwidth(playlist),
      bytes: (await stat(file)).size,
      codecs: codecsOf(await readBytes(file, playlist.initBytes)),
      durationMs: durationOf(playlist),
      initBytes: playlist.initBytes,
      segments,
    };
    return { made, tracks, track: (kind) => tracks.find((track) => track.kind === kind) };
  }

  private checkLength(name: string, track: Track | undefined): void {
    if (!track) throw new ProcessingFailure('corrupt_input', `${name} lacks a stream`);
    // Sound may end before the pictures.
    if (track.kind === 'audio' && track.durationMs < this.durationMs) return;
    const warning = compareLengths(
      name,
      track.durationMs,
      this.durationMs,
      1000 / rateOf(targetRate(this.source.video)),
    );
    if (warning && !this.warnings.some(({ code }) => code === warning.code)) this.warnings.push(warning);
  }

  /** Players switch between rungs at segment borders, so these must be the same in all rungs. */
  private checkSegmentBorders(name: string, { segments }: Segments, fps: number): void {
    const [first] = this.renditions;
    if (!first) return;
    const lengths = ({ segments: all }: Segments) => all.slice(0, -1).map((s) => s.durationMs);
    const others = lengths(first);
    const isAligned =
      segments.length === first.segments.length &&
      lengths({ initBytes: 0, segments }).every((ms, i) => Math.abs(ms - others[i]!) < 500 / fps);
    if (!isAligned)
      throw new ProcessingFailure('internal', `the segment borders of ${name} differ from those of ${first.name}`);
  }

  video(): Video {
    const { video, audio } = this.source;
    return {
      facts: {
        width: video.displayWidth,
        height: video.displayHeight,
        durationMs: this.durationMs,
        fps: video.fps || rateOf(targetRate(video)),
        rotation: video.rotation,
        hasAudio: Boolean(audio),
        language: audio?.language ?? null,
        videoCodec: video.codec,
        audioCodec: audio?.codec ?? null,
        warnings: [...this.warnings],
      },
      renditions: [...this.renditions],
      sounds: [...this.sounds],
      subtitles: [...this.subtitles],
      storyboard: this.storyboard,
      poster: this.poster!,
    };
  }
}
