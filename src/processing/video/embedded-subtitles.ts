import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../run/context.js';
import { ProcessingFailure } from '../run/failure.js';
import { dropMetadata, ffmpeg, flags, untrusted, type Command } from '../run/ffmpeg.js';
import type { Probe, SubtitleStream } from '../run/streams.js';
import { Refused } from '../accept/refusal.js';
import { readSubtitles, subtitleLimits } from './subtitles.js';

/** A subtitle track of a video file, converted to clean WebVTT. */
export type EmbeddedSubtitles = {
  /** BCP 47; further tracks of the same language are told apart by a private-use part (`de-x-2`). */
  language: string;
  title: string | null;
  path: string;
  mimeType: 'text/vtt; charset=utf-8';
  bytes: number;
  cues: number;
};

const maxTracks = 16;

const nameOf = ({ index }: SubtitleStream) => `subtitles-${index}.vtt`;

const subtitlesCommand = (input: string, { format }: Probe, subtitles: SubtitleStream[]): Command => ({
  inputs: [untrusted(input, format.demuxer!)],
  outputs: subtitles.map((track) => ({
    path: nameOf(track),
    options: [
      ...flags({ map: `0:${track.index}`, 'c:s': 'webvtt', f: 'webvtt', fs: subtitleLimits.maxBytes + 1 }),
      ...dropMetadata,
    ],
  })),
});

/** All subtitle tracks of a file, without unreadable and empty ones: these must not make the video fail. */
export async function deriveSubtitles(
  input: string,
  found: Probe,
  dir: string,
  ctx: Context,
): Promise<EmbeddedSubtitles[]> {
  const tracks = found.subtitles.slice(0, maxTracks);
  if (!tracks.length) return [];
  try {
    await ffmpeg(subtitlesCommand(input, found, tracks), { ...ctx, onProgress: undefined }, { cwd: dir });
  } catch (error) {
    if (!(error instanceof ProcessingFailure && error.permanent)) throw error;
  }
  const subtitles: EmbeddedSubtitles[] = [];
  for (const track of tracks) {
    const clean = await cleanFile(path.join(dir, nameOf(track)));
    if (clean)
      subtitles.push({ ...clean, title: track.title, language: uniqueName(track.language ?? 'und', subtitles) });
  }
  return subtitles;
}

async function cleanFile(file: string): Promise<Omit<EmbeddedSubtitles, 'language' | 'title'> | null> {
  const hasContent = await stat(file).then(
    ({ size }) => size > 0,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  if (!hasContent) return null;
  try {
    const { vtt, cues } = await readSubtitles(await readFile(file));
    await writeFile(file, vtt);
    return { path: file, mimeType: 'text/vtt; charset=utf-8', bytes: Buffer.byteLength(vtt), cues };
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

/** The name is the end of the track's address. */
const maxNameLength = 32;

/** The track's language tag, reduced to its first part if a suffix would make it too long, with a suffix if taken. */
function uniqueName(tag: string, taken: EmbeddedSubtitles[]): string {
  const isFree = (name: string) => taken.every((track) => track.language !== name);
  const language = tag.length + `-x-${maxTracks}`.length > maxNameLength ? new Intl.Locale(tag).language! : tag;
  for (let n = 2, name = language; ; n++) {
    if (isFree(name)) return name;
    name = `${language}-x-${n}`;
  }
}
