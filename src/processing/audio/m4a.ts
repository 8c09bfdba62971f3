import path from 'node:path';
import { embedCommand, progressiveFile } from './audio-command.js';
import type { Context } from '../run/context.js';
import { ProcessingFailure } from '../run/failure.js';
import { ffmpeg } from '../run/ffmpeg.js';
import { formatNamed } from '../run/formats.js';
import { probeAs } from '../run/probe.js';

export type AudioFile = {
  path: string;
  mimeType: 'audio/mp4';
  bytes: number;
  /** bit/s, measured. */
  bitrate: number;
  durationMs: number;
};

/** Large enough for any player's screen, and small beside the sound. */
export const embedded = { name: 'medium', mimeType: 'image/jpeg' } as const;

/** Of the sizes of a picture, the one that goes into the file itself. */
export function pictureIn<P extends { name: string; mimeType: string }>(sizes: readonly P[]): P {
  const picture = sizes.find(({ name, mimeType }) => name === embedded.name && mimeType === embedded.mimeType);
  if (!picture) throw new TypeError('a picture without the size that is embedded');
  return picture;
}

/** @throws {ProcessingFailure} `corrupt_input` when there is nothing to play */
export async function describeM4a(file: string, ctx: Context): Promise<AudioFile> {
  const { audio, durationMs, size } = await probeAs(formatNamed('m4a'), file, ctx);
  if (!audio || durationMs === null) throw new ProcessingFailure('corrupt_input', 'nothing could be decoded');
  return { path: file, mimeType: 'audio/mp4', bytes: size, bitrate: Math.ceil((size * 8000) / durationMs), durationMs };
}

/**
 * A finished M4A of ours with another picture inside, written to `dir`.
 * @param picture a JPEG; null takes the picture out
 * @throws {ProcessingFailure}
 */
export async function embedPicture(m4a: string, picture: string | null, dir: string, ctx: Context): Promise<AudioFile> {
  await ffmpeg(embedCommand(path.resolve(m4a), picture && path.resolve(picture)), ctx, { cwd: dir });
  return describeM4a(path.join(dir, progressiveFile), ctx);
}
