import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { codecsOf } from './codecs.js';
import type { Context } from './context.js';
import { ProcessingFailure } from './failure.js';
import { ffmpeg } from './ffmpeg.js';
import { formatNamed } from './formats.js';
import { averageBandwidth, durationOf, parseMediaPlaylist, type Segments } from './hls.js';
import type { Sizes } from './image.js';
import { derivePoster } from './poster.js';
import { lengthOf, probe, probeAs } from './probe.js';
import { readBytes } from './read-bytes.js';
import { rateOf, targetRate, videoCommand, type Source } from './video-command.js';
import { planLadder, type Rung } from './video-ladder.js';

/** One rung: a fragmented MP4 that is both the HLS segments and a progressive download. */
export type Rendition = Segments & {
  name: string;
  path: string;
  mimeType: 'video/mp4';
  /** px */
  width: number;
  height: number;
  fps: number;
  /** bit/s, measured over the segments. */
  bitrate: number;
  bytes: number;
  codecs: string;
  durationMs: number;
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
    videoCodec: string;
    audioCodec: string | null;
  };
  /** Smallest first. */
  renditions: Rendition[];
  poster: Sizes;
};

const toleranceMs = 100;

/**
 * The ladder and the poster of a video as files in `dir`, which has to be empty.
 * @throws {ProcessingFailure}
 */
export async function deriveVideo(input: string, dir: string, ctx: Context): Promise<Video> {
  const found = await probe(input, ctx);
  if (!found.video) throw new ProcessingFailure('no_streams', 'no video stream');
  await mkdir(dir, { recursive: true });
  const durationMs = await lengthOf(input, found, dir, ctx);
  const source: Source = { ...found, video: found.video, durationMs };
  const rungs = planLadder(source.video);
  await ffmpeg(videoCommand(path.resolve(input), source, rungs, ctx.threads), ctx, { cwd: dir, durationMs });

  const fps = rateOf(targetRate(source.video));
  const renditions = await Promise.all(rungs.map((rung) => describe(rung, fps, dir)));
  await check(renditions, source, durationMs, ctx);
  const poster = await derivePoster(dir, path.join(dir, 'poster'), ctx.signal);
  const { displayWidth, displayHeight, rotation, codec } = source.video;
  return {
    facts: {
      width: displayWidth,
      height: displayHeight,
      durationMs,
      fps: source.video.fps || fps,
      rotation,
      hasAudio: Boolean(source.audio),
      videoCodec: codec,
      audioCodec: source.audio?.codec ?? null,
    },
    renditions,
    poster,
  };
}

async function describe({ name, width, height }: Rung, fps: number, dir: string): Promise<Rendition> {
  const file = path.join(dir, `${name}.mp4`);
  const playlist = parseMediaPlaylist(await readFile(path.join(dir, `${name}.m3u8`), 'utf8'));
  return {
    name,
    path: file,
    mimeType: 'video/mp4',
    width,
    height,
    fps,
    bitrate: averageBandwidth(playlist),
    bytes: (await stat(file)).size,
    codecs: codecsOf(await readBytes(file, playlist.initBytes)),
    durationMs: durationOf(playlist),
    ...playlist,
  };
}

/** ffmpeg ends well even when the input broke off half way: the result itself has to say that it is whole. */
async function check(renditions: Rendition[], source: Source, durationMs: number, ctx: Context): Promise<void> {
  const [first] = renditions;
  const borders = (rendition: Rendition) => rendition.segments.map((s) => Math.round(s.durationMs)).join();
  if (!renditions.every((rendition) => borders(rendition) === borders(first!))) {
    throw new ProcessingFailure('internal', 'segments are not aligned over the rungs');
  }
  for (const { path: file, name } of renditions) {
    const made = await probeAs(formatNamed('mp4'), file, ctx);
    const isComplete = made.video && Boolean(made.audio) === Boolean(source.audio);
    if (!isComplete) throw new ProcessingFailure('internal', `${name} lacks a stream`);
    const off = (made.durationMs ?? 0) - durationMs;
    if (off < -toleranceMs) throw new ProcessingFailure('corrupt_input', `${name} ends ${-off} ms before its source`);
    if (off > toleranceMs) throw new ProcessingFailure('internal', `${name} ends ${off} ms behind its source`);
  }
}
