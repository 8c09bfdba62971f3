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

/** The picture size that is embedded: large enough for any player's screen, and small compared to the sound. */
export const embeddedSize = { name: 'medium', mimeType: 'image/jpeg' } as const;

/** The one of a picture's sizes that is embedded in the file. */
export function pictureToEmbed<P extends { name: string; mimeType: string }>(sizes: readonly P[]): P {
  const picture = sizes.find(({ name, mimeType }) => name === embeddedSize.name && mimeType === embeddedSize.mimeType);
  if (!picture) throw new TypeError('the picture lacks the size that is embedded');
  return picture;
}

/** @throws {ProcessingFailure} `corrupt_input` if it contains no sound */
export async function describeM4a(file: string, ctx: Context): Promise<AudioFile> {
  const { audio, durationMs, size } = await probeAs(formatNamed('m4a'), file, ctx);
  if (!audio || durationMs === null) throw new ProcessingFailure('corrupt_input', 'no audio could be decoded');
  return { path: file, mimeType: 'audio/mp4', bytes: size, bitrate: Math.ceil((size * 8000) / durationMs), durationMs };
}

/**
 * Writes a copy of an M4A with another embedded picture to `dir`.
 * @param m4a one that `deriveMusic` made
 * @param picture a JPEG; null removes the picture
 * @throws {ProcessingFailure}
 */
export async function embedPicture(m4a: string, picture: string | null, dir: string, ctx: Context): Promise<AudioFile> {
  await ffmpeg(embedCommand(path.resolve(m4a), picture && path.resolve(picture)), ctx, { cwd: dir });
  return describeM4a(path.join(dir, progressiveFile), ctx);
}
