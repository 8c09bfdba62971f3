import type { Accepted, Check } from './accept.js';
import type { ProbeContext } from '../run/ffmpeg.js';
import type { Format } from '../run/formats.js';
import { maxStreams } from '../run/limits.js';
import { playsBeyond, probeAs, probeSoundAs } from '../run/probe.js';
import type { Probe } from '../run/streams.js';
import { Refused } from './refusal.js';

export const checkVideo: Check = async (path, format, { video: limits }, ctx) => {
  const found = await probeAs(format, path, ctx);
  checkStreams(found);
  const { video } = found;
  if (!video || video.width < 1 || video.height < 1) throw noStream(found, 'video');
  const side = Math.max(video.width, video.height, video.displayWidth, video.displayHeight);
  if (side > limits.maxSide) {
    throw new Refused(
      'too_large_dimensions',
      `The video is ${video.displayWidth} × ${video.displayHeight} px; at most ${limits.maxSide} px are allowed on a side.`,
      { width: video.displayWidth, height: video.displayHeight, maxSide: limits.maxSide },
    );
  }
  if (video.fps > limits.maxFps) {
    const fps = Math.round(video.fps * 100) / 100;
    throw new Refused(
      'frame_rate_too_high',
      `The video has ${fps} frames a second; at most ${limits.maxFps} are allowed.`,
      {
        fps,
        maxFps: limits.maxFps,
      },
    );
  }
  const durationMs = await checkLength(path, found, limits.maxDurationMs, ctx);
  return { ...accepted(format, durationMs), width: video.displayWidth, height: video.displayHeight };
};

export const checkMusic: Check = async (path, format, { music: limits }, ctx) => {
  const found = await probeSoundAs(format, path, ctx);
  checkStreams(found);
  if (found.video)
    throw new Refused('content_mismatch', 'The file contains video; music must contain only sound.', {
      found: found.video.codec,
    });
  if (!found.audio || found.audio.channels < 1 || found.audio.sampleRate < minSampleRate)
    throw noStream(found, 'audio');
  const durationMs = await checkLength(path, found, limits.maxDurationMs, ctx);
  return accepted(format.audioOnly ?? format, durationMs);
};

function checkStreams({ streams }: Probe): void {
  if (streams <= maxStreams) return;
  throw new Refused('too_many_streams', `The file has ${streams} streams; at most ${maxStreams} are allowed.`, {
    streams,
    maxStreams,
  });
}

/** Hz. Telephony uses 8,000; encoders accept nothing below this. */
const minSampleRate = 1_000;

/** How far a header's duration may be off: by the duration of the last packet, and by rounding. */
const toleranceMs = (durationMs: number) => 1000 + durationMs / 100;

/**
 * The duration that the header declares; null if it declares none or the packets contradict it.
 * @throws {Refused} if more than `maxDurationMs` is played, whatever the header says
 */
async function checkLength(path: string, found: Probe, maxDurationMs: number, ctx: ProbeContext) {
  const declaredMs = found.durationMs;
  const isPlausible = declaredMs !== null && declaredMs <= maxDurationMs;
  if (isPlausible && !(await playsBeyond(declaredMs + toleranceMs(declaredMs), path, found, ctx))) return declaredMs;
  if (!(await playsBeyond(maxDurationMs, path, found, ctx))) return null;
  if (declaredMs === null || declaredMs <= maxDurationMs)
    throw new Refused('too_long', `The file plays longer than the ${maxDurationMs} ms that are allowed.`, {
      maxDurationMs,
    });
  throw new Refused('too_long', `The file plays for ${declaredMs} ms; at most ${maxDurationMs} ms are allowed.`, {
    durationMs: declaredMs,
    maxDurationMs,
  });
}

function noStream({ streams, audio }: Probe, wanted: 'video' | 'audio'): Refused {
  const message =
    wanted === 'video' && audio
      ? 'The file contains sound but no video: upload it as music.'
      : `The file contains no playable ${wanted}.`;
  return new Refused('no_streams', message, { wanted, streams });
}

const accepted = (type: Pick<Format, 'name' | 'mimeType' | 'extension'>, durationMs: number | null): Accepted => ({
  mimeType: type.mimeType,
  extension: type.extension,
  container: type.name,
  ...(durationMs === null ? {} : { durationMs }),
});
