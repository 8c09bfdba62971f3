import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { codecsOf } from './codecs.js';
import type { Context } from './context.js';
import { deriveTexts, type Text } from './embedded-texts.js';
import { ProcessingFailure } from './failure.js';
import { ffmpeg, type Command } from './ffmpeg.js';
import { readFragments, type Track } from './fragments.js';
import { averageBandwidth, durationOf, parseMediaPlaylist, type Segments } from './hls.js';
import type { Sizes } from './image.js';
import { compareLengths, type Warning } from './lengths.js';
import { measure } from './measure.js';
import { bestPoster, derivePoster } from './poster.js';
import { probe } from './probe.js';
import { readBytes } from './read-bytes.js';
import { readSheets, type Sheet } from './storyboard.js';
import { posterSide, rateOf, targetRate, videoCommand, type Source, type Stage } from './video-command.js';
import type { Rung } from './video-ladder.js';
import { copyCommand, posterCommand, posterPlaces } from './video-shortcuts.js';
import { planVideo, type VideoPlan } from './video-plan.js';

/** One HLS stream: a fragmented MP4 that is both the segments and a progressive download. */
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
/** Sound alone. `isMain` is what the rungs carry, too. */
export type SoundRendition = Stream & {
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
    /** Of the sound in the rungs, BCP 47. */
    language: string | null;
    videoCodec: string;
    audioCodec: string | null;
    warnings: Warning[];
  };
  /** Smallest first. */
  renditions: Rendition[];
  sounds: SoundRendition[];
  texts: Text[];
  storyboard: Sheet[];
  poster: Sizes;
};

/** px; enough to see how much there is to see. */
const candidateSide = 320;

/**
 * The ladder of a video and all that belongs to it, as files in `dir`, which has to be empty.
 * @param onPlayable gets what there is as soon as it can be played; the rest goes on when it resolves. Not called when
 *   there is nothing to gain by it.
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
  const file = path.resolve(input);
  const plan = await planVideo(file, source, durationMs, ctx);
  const work = new Work(file, dir, source, durationMs, plan, ctx, warnings);

  await work.prepare();
  if (plan.copy) await onPlayable?.(work.video());
  for (const [i, stage] of plan.stages.entries()) {
    await work.run(stage, i);
    if (i + 1 < plan.stages.length) await onPlayable?.(work.video());
  }
  await work.extractTexts();
  return work.video();
}

/** What has been made so far. */
class Work {
  private readonly renditions: Rendition[] = [];
  private readonly sounds: SoundRendition[] = [];
  private storyboard: Sheet[] = [];
  private texts: Text[] = [];
  private poster: Sizes | undefined;

  constructor(
    private readonly input: string,
    private readonly dir: string,
    private readonly source: Source,
    private readonly durationMs: number,
    private readonly plan: VideoPlan,
    private readonly ctx: Context,
    private readonly warnings: Warning[],
  ) {}

  /** What needs no encoding. */
  async prepare(): Promise<void> {
    const { input, dir, source, ctx } = this;
    const { copy, posterFirst } = this.plan;
    const run = (command: Command, cwd = dir) => ffmpeg(command, { ...ctx, onProgress: undefined }, { cwd });
    const copying = async () => {
      if (!copy) return;
      await run(copyCommand(input, source, copy));
      await this.addRung(copy.rung);
    };
    const posing = async () => {
      if (!posterFirst) return;
      // Chosen among small pictures; only the best one is made large.
      const [small, large] = ['candidates', 'frame'].map((name) => path.join(dir, name)) as [string, string];
      await Promise.all([mkdir(small), mkdir(large)]);
      const places = posterPlaces(source);
      await run(posterCommand(input, source, places, candidateSide, ctx.threads), small);
      const { number } = await bestPoster(small);
      await run(posterCommand(input, source, [places[number - 1]!], posterSide, ctx.threads), large);
      await this.makePoster((await bestPoster(large)).file);
    };
    await Promise.all([copying(), posing()]);
  }

  async run(stage: Stage, i: number): Promise<void> {
    const { input, dir, source, durationMs, ctx, plan } = this;
    const before = plan.shares.slice(0, i).reduce((sum, share) => sum + share, 0);
    const onProgress = (fraction: number) => ctx.onProgress?.(Math.min(1, before + plan.shares[i]! * fraction));
    const command = videoCommand(input, source, stage, ctx.threads, plan.copy);
    await ffmpeg(command, { ...ctx, onProgress }, { cwd: dir, durationMs });
    for (const rung of stage.rungs) await this.addRung(rung);
    for (const { name, stream } of stage.sounds) {
      const { track, made } = await this.describe(name);
      this.checkLength(name, track('audio'));
      const { language, title } = stream;
      const isMain = stream.index === source.audio?.index;
      this.sounds.push({ ...made, mimeType: 'audio/mp4', isMain, language, title });
    }
    if (stage.poster) await this.makePoster((await bestPoster(dir)).file);
    if (stage.storyboard) this.storyboard = await readSheets(dir, stage.storyboard);
  }

  async extractTexts(): Promise<void> {
    this.texts = await deriveTexts(this.input, this.source, this.dir, this.ctx);
  }

  private async makePoster(frame: string): Promise<void> {
    this.poster = await derivePoster(frame, path.join(this.dir, 'poster'), this.ctx.signal);
  }

  private async addRung({ name, width, height }: Rung): Promise<void> {
    const { video, audio } = this.source;
    const { track, made } = await this.describe(name);
    const picture = track('video');
    if (Boolean(track('audio')) !== Boolean(audio)) throw new ProcessingFailure('internal', `${name} lacks its sound`);
    this.checkLength(name, picture);
    const fps = rateOf(targetRate(video));
    this.checkBorders(name, made, fps);
    this.renditions.push({ ...made, mimeType: 'video/mp4', width, height, fps });
    this.renditions.sort((a, b) => a.width - b.width || a.height - b.height);
  }

  private async describe(name: string): Promise<{ made: Stream; track: (kind: Track['kind']) => Track | undefined }> {
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
    return { made, track: (kind) => tracks.find((track) => track.kind === kind) };
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

  /** Players change between rungs at the borders of segments, so these have to be the same in all of them. */
  private checkBorders(name: string, { segments }: Segments, fps: number): void {
    const [first] = this.renditions;
    if (!first) return;
    const lengths = ({ segments: all }: Segments) => all.slice(0, -1).map((s) => s.durationMs);
    const others = lengths(first);
    const isAligned =
      segments.length === first.segments.length &&
      lengths({ initBytes: 0, segments }).every((ms, i) => Math.abs(ms - others[i]!) < 500 / fps);
    if (!isAligned) throw new ProcessingFailure('internal', `the segments of ${name} are not those of ${first.name}`);
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
      texts: [...this.texts],
      storyboard: this.storyboard,
      poster: this.poster!,
    };
  }
}
