import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  bitrateFor,
  coverCommand,
  coverFile,
  hlsName,
  isCopyable,
  loudnessFile,
  musicCommand,
  progressiveFile,
  segmentCommand,
  waveformFile,
  type Sound,
} from './audio-command.js';
import { codecsOf } from '../run/codecs.js';
import type { Context } from '../run/context.js';
import { requireCoverage } from '../video/coverage.js';
import { ProcessingFailure } from '../run/failure.js';
import { ffmpeg } from '../run/ffmpeg.js';
import { readFragments } from '../video/fragments.js';
import { averageBandwidth, durationOf, parseMediaPlaylist, type Segments } from '../video/hls.js';
import { deriveSizes, type Sizes } from '../image/image.js';
import { compareLengths, type Warning } from '../video/lengths.js';
import { coverLimits, type PhotoLimits } from '../run/limits.js';
import { loudnessOf, type Loudness } from './loudness.js';
import { measure } from '../video/measure.js';
import { describeM4a, pictureToEmbed, type AudioFile } from './m4a.js';
import { readHeader } from '../image/pixels.js';
import { inParts } from '../run/parts.js';
import { probeSound } from '../run/probe.js';
import { readBytes } from '../run/read-bytes.js';
import { sniff } from '../accept/sniff.js';
import type { Tags } from './tags.js';
import { waveformOf, waveformRate } from './waveform.js';

export type Music = {
  facts: {
    durationMs: number;
    /** Of the source, like the next two. */
    codec: string;
    sampleRate: number;
    channels: number;
    tags: Tags;
    /** Null for silence. */
    loudness: Loudness | null;
    warnings: Warning[];
  };
  /** JSON: see `Waveform`. */
  waveform: { path: string; mimeType: 'application/json'; bytes: number };
  /** Fragmented MP4: the HLS segments in one file. */
  hls: AudioFile & Segments & { codecs: string };
  /** M4A that can be played while it downloads, with tags and cover. */
  progressive: AudioFile;
  cover: Sizes | null;
};

/** By how much copied sound may differ in length from the decoded one. */
const copyToleranceMs = 100;
/** Relative durations, for progress: probing and the cover, decoding, segments. */
const weights = { before: 1, decoding: 8, segments: 1 };

/**
 * Makes the M4A, the HLS stream, the waveform and the cover of a song, as files in `dir`, which must be empty.
 * @param photoLimits of the embedded picture, in addition to `coverLimits`; one beyond them, or damaged, is left out
 * @throws {ProcessingFailure}
 */
export async function deriveMusic(input: string, dir: string, photoLimits: PhotoLimits, ctx: Context): Promise<Music> {
  const file = path.resolve(input);
  const found = await probeSound(file, ctx);
  if (!found.audio) throw new ProcessingFailure('no_streams', 'no audio stream');
  const sound: Sound = { ...found, audio: found.audio };
  await mkdir(dir, { recursive: true });
  const { durationMs, warnings } = await measure(file, { ...sound, video: null }, dir, ctx);

  const cover = found.cover && (await deriveCover(file, sound, found.cover.index, dir, photoLimits, ctx));
  const part = inParts(Object.values(weights), ctx.onProgress);
  part(0)(1);
  const progressive = await writeProgressive(file, sound, cover, dir, durationMs, { ...ctx, onProgress: part(1) });
  const warning = compareLengths('the sound', progressive.durationMs, durationMs, 0);
  await ffmpeg(segmentCommand(), { ...ctx, onProgress: part(2) }, { cwd: dir, durationMs });
  const { codec, sampleRate, channels } = sound.audio;
  return {
    facts: {
      durationMs: progressive.durationMs,
      codec,
      sampleRate,
      channels,
      tags: sound.tags,
      loudness: await loudnessOf(path.join(dir, loudnessFile)),
      warnings: [...warnings, ...(warning ? [warning] : [])],
    },
    waveform: await writeWaveform(dir),
    hls: await describeHls(dir),
    progressive,
    cover,
  };
}

/** The M4A, the waveform's samples and the loudness. Copies the source's packets if that gives the same length. */
async function writeProgressive(
  file: string,
  sound: Sound,
  cover: Sizes | null,
  dir: string,
  durationMs: number,
  ctx: Context,
): Promise<AudioFile> {
  const options = {
    picture: cover && pictureToEmbed(cover.outputs).path,
    threads: ctx.threads,
    bitrate: bitrateFor(sound.size, durationMs),
  };
  const write = async (copied: boolean) => {
    await ffmpeg(musicCommand(file, sound, { ...options, copied }), ctx, { cwd: dir, durationMs });
    return describeM4a(path.join(dir, progressiveFile), ctx);
  };
  if (!isCopyable(sound)) return write(false);
  const copy = await write(true);
  const { size } = await stat(path.join(dir, waveformFile));
  const decodedMs = (size * 1000) / waveformRate;
  // Edit lists can hide parts, and packets can be damaged: a copy would contain these.
  return Math.abs(copy.durationMs - decodedMs) <= copyToleranceMs ? copy : write(false);
}

async function writeWaveform(dir: string): Promise<Music['waveform']> {
  const samples = path.join(dir, waveformFile);
  const file = path.join(dir, 'waveform.json');
  const json = JSON.stringify(await waveformOf(samples));
  await writeFile(file, json);
  await rm(samples);
  return { path: file, mimeType: 'application/json', bytes: Buffer.byteLength(json) };
}

async function describeHls(dir: string): Promise<Music['hls']> {
  const file = path.join(dir, `${hlsName}.mp4`);
  const playlist = parseMediaPlaylist(await readFile(path.join(dir, `${hlsName}.m3u8`), 'utf8'));
  const { tracks } = await readFragments(file, playlist);
  requireCoverage(hlsName, tracks, playlist);
  return {
    path: file,
    mimeType: 'audio/mp4',
    bytes: (await stat(file)).size,
    bitrate: averageBandwidth(playlist),
    durationMs: durationOf(playlist),
    codecs: codecsOf(await readBytes(file, playlist.initBytes)),
    ...playlist,
  };
}

/** A cover is optional: one that cannot be processed is left out and does not make the music fail. */
async function deriveCover(
  input: string,
  sound: Sound,
  index: number,
  dir: string,
  photoLimits: PhotoLimits,
  ctx: Context,
): Promise<Sizes | null> {
  const picture = path.join(dir, coverFile);
  const { maxPixels, maxSeconds: seconds } = coverLimits;
  const limits = { ...photoLimits, maxPixels: Math.min(maxPixels, photoLimits.maxPixels) };
  try {
    await ffmpeg(coverCommand(input, sound, index), { ...ctx, onProgress: undefined }, { cwd: dir });
    const { format } = await sniff(picture);
    if (!format?.kinds.includes('photo')) return null;
    const header = await readHeader(picture);
    // No tagger writes these, and they would be converted in full size before scaling.
    if (header.codec === 'hevc' || header.hasExtraChannels) return null;
    return await deriveSizes(picture, header, path.join(dir, 'cover-sizes'), limits, ctx.signal, { seconds });
  } catch (error) {
    if (error instanceof ProcessingFailure && error.code !== 'storage_full') return null;
    throw error;
  }
}
