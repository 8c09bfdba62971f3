import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../run/context.js';
import { ProcessingFailure } from '../run/failure.js';
import { bare, ffmpeg, flags, untrusted, type Command } from '../run/ffmpeg.js';
import type { Probe, TextStream } from '../run/streams.js';
import { Refused } from '../accept/refusal.js';
import { readSubtitles, subtitleLimits } from './subtitles.js';

/** A subtitle track that came inside a file, as clean WebVTT. */
export type Text = {
  /** BCP 47; a second track of a language carries a private part that tells them apart. */
  language: string;
  title: string | null;
  path: string;
  mimeType: 'text/vtt; charset=utf-8';
  bytes: number;
  cues: number;
};

const mostTracks = 16;

const nameOf = ({ index }: TextStream) => `text-${index}.vtt`;

export const textsCommand = (input: string, { format }: Probe, texts: TextStream[]): Command => ({
  inputs: [untrusted(input, format.demuxer!)],
  outputs: texts.map((text) => ({
    path: nameOf(text),
    options: [
      ...flags({ map: `0:${text.index}`, 'c:s': 'webvtt', f: 'webvtt', fs: subtitleLimits.maxBytes + 1 }),
      ...bare,
    ],
  })),
});

/** All text tracks of a file. One that can't be read, or holds nothing, is left out: the video is worth more. */
export async function deriveTexts(input: string, found: Probe, dir: string, ctx: Context): Promise<Text[]> {
  const tracks = found.texts.slice(0, mostTracks);
  if (!tracks.length) return [];
  try {
    await ffmpeg(textsCommand(input, found, tracks), { ...ctx, onProgress: undefined }, { cwd: dir });
  } catch (error) {
    if (!(error instanceof ProcessingFailure && error.permanent)) throw error;
  }
  const texts: Text[] = [];
  for (const track of tracks) {
    const text = await cleaned(path.join(dir, nameOf(track)));
    if (text) texts.push({ ...text, title: track.title, language: free(track.language ?? 'und', texts) });
  }
  return texts;
}

async function cleaned(file: string): Promise<Omit<Text, 'language' | 'title'> | null> {
  const isThere = await stat(file).then(
    ({ size }) => size > 0,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  if (!isThere) return null;
  try {
    const { vtt, cues } = await readSubtitles(await readFile(file));
    await writeFile(file, vtt);
    return { path: file, mimeType: 'text/vtt; charset=utf-8', bytes: Buffer.byteLength(vtt), cues };
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

/** The track's address ends with it. */
const maxNameLength = 32;

/** What the track is called: its language, or just the first part of one that leaves no room to tell tracks apart. */
function free(tag: string, taken: Text[]): string {
  const isFree = (name: string) => taken.every((text) => text.language !== name);
  const language = tag.length + `-x-${mostTracks}`.length > maxNameLength ? new Intl.Locale(tag).language! : tag;
  for (let n = 2, name = language; ; n++) {
    if (isFree(name)) return name;
    name = `${language}-x-${n}`;
  }
}
