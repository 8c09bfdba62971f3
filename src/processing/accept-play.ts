import type { Accepted, Check } from './accept.js';
import type { ProbeContext } from './ffmpeg.js';
import { formatNamed, type Format } from './formats.js';
import { maxStreams } from './limits.js';
import { playsBeyond, probeAs } from './probe.js';
import type { Probe } from './streams.js';
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
      `The video is ${video.displayWidth} × ${video.displayHeight} px; ${limits.maxSide} px are allowed on a side.`,
      { width: video.displayWidth, height: video.displayHeight, maxSide: limits.maxSide },
    );
  }
  if (video.fps > limits.maxFps) {
    const fps = Math.round(video.fps * 100) / 100;
    throw new Refused('frame_rate_too_high', `The video has ${fps} frames a second; ${limits.maxFps} are allowed.`, {
      fps,
      maxFps: limits.maxFps,
    });
  }
  await checkLength(path, found, limits.maxDurationMs, ctx);
  return { ...accepted(format, found), width: video.displayWidth, height: video.displayHeight };
};

export const checkMusic: Check = async (path, format, { music: limits }, ctx) => {
  const found = await probeAs(format, path, ctx);
  checkStreams(found);
  if (found.video)
    throw new Refused('content_mismatch', 'The file holds a video, not music alone.', { found: found.video.codec });
  if (!found.audio || found.audio.channels < 1 || found.audio.sampleRate < 1) throw noStream(found, 'audio');
  await checkLength(path, found, limits.maxDurationMs, ctx);
  // An MP4 without pictures is what M4A is.
  return accepted(format.name === 'mp4' ? formatNamed('m4a') : format, found);
};

function checkStreams({ streams }: Probe): void {
  if (streams <= maxStreams) return;
  throw new Refused('too_many_streams', `The file has ${streams} streams; ${maxStreams} are allowed.`, {
    streams,
    maxStreams,
  });
}

async function checkLength(path: string, found: Probe, maxDurationMs: number, ctx: ProbeContext): Promise<void> {
  const durationMs = found.durationMs ?? 0;
  const isLonger = durationMs > maxDurationMs || (await playsBeyond(maxDurationMs, path, found, ctx));
  if (!isLonger) return;
  const length = durationMs > maxDurationMs ? `for ${durationMs} ms` : `past ${maxDurationMs} ms`;
  throw new Refused('too_long', `The file plays ${length}; ${maxDurationMs} ms are allowed.`, {
    ...(durationMs > maxDurationMs ? { durationMs } : {}),
    maxDurationMs,
  });
}

const noStream = (found: Probe, wanted: 'video' | 'audio') =>
  new Refused('no_streams', `The file holds no ${wanted} that can be played.`, { wanted, streams: found.streams });

const accepted = (format: Format, { durationMs }: Probe): Accepted => ({
  mimeType: format.mimeType,
  extension: format.extension,
  container: format.name,
  ...(durationMs === null ? {} : { durationMs }),
});
