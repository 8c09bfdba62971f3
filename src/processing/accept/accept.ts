import { stat } from 'node:fs/promises';
import { checkPhoto } from './accept-photo.js';
import { checkMusic, checkVideo } from './accept-av.js';
import { ProcessingFailure } from '../run/failure.js';
import type { ProbeContext } from '../run/ffmpeg.js';
import { allowedTypes, type Format } from '../run/formats.js';
import { maxFramesOfAny, type Kind, type Limits } from '../run/limits.js';
import { Refused } from './refusal.js';
import { sniff } from './sniff.js';

export type Accepted = {
  mimeType: string;
  /** Without a dot. */
  extension: string;
  container: string;
  /** px, as displayed. */
  width?: number;
  height?: number;
  durationMs?: number;
};

export type Check = (path: string, format: Format, limits: Limits, ctx: ProbeContext) => Promise<Accepted>;

const checks: Record<Exclude<Kind, 'file'>, Check> = { photo: checkPhoto, video: checkVideo, music: checkMusic };

/**
 * Decides whether a file is accepted as `kind`: by its content, never by its name or a request header.
 * @param ctx a file is refused if the signal times out: a valid one takes a second
 * @throws {Refused}
 */
export async function accept(path: string, kind: Kind, limits: Limits, ctx: ProbeContext): Promise<Accepted> {
  const { size } = await stat(path);
  const { maxBytes } = limits[kind];
  if (size === 0) throw new Refused('empty_file', 'The file is empty.', { bytes: 0 });
  if (size > maxBytes) {
    throw new Refused('too_large', `The file has ${size} bytes; a ${kind} may have at most ${maxBytes}.`, {
      bytes: size,
      maxBytes,
    });
  }
  const { mimeType, extension, format } = await sniff(path);
  if (kind === 'file') return { mimeType, extension, container: extension };
  if (!format?.kinds.includes(kind)) throw notAllowed(kind, mimeType);
  try {
    return await checks[kind](path, format, limits, ctx);
  } catch (error) {
    throw error instanceof ProcessingFailure
      ? refusalOf(error, mimeType)
      : isTimeout(error)
        ? damaged(mimeType)
        : error;
  }
}

function notAllowed(kind: Kind, found: string): Refused {
  const allowed = allowedTypes(kind);
  const message = `The file is ${found}; a ${kind} must be one of ${allowed.join(', ')}.`;
  return new Refused('type_not_allowed', message, { found, allowed });
}

/** A file that can't be inspected is refused; a failure of the server stays a failure. */
export function refusalOf(failure: ProcessingFailure, found: string): Error {
  const refusals: Partial<Record<typeof failure.code, () => Refused>> = {
    unsupported_codec: () =>
      new Refused('type_not_allowed', `This ${found} file uses a codec or feature that is not supported.`, { found }),
    no_streams: () => damaged(found),
    corrupt_input: () => damaged(found),
    timed_out: () => damaged(found),
    too_many_frames: () => new Refused('too_many_frames', `The picture has more than ${maxFramesOfAny} frames.`),
  };
  return refusals[failure.code]?.() ?? failure;
}

const damaged = (found: string) =>
  new Refused('corrupt_input', `The file looks like ${found} but is damaged or incomplete.`, { found });

/** The abort reason of `AbortSignal.timeout`. */
const isTimeout = (error: unknown) => error instanceof DOMException && error.name === 'TimeoutError';
