import type { VideoStream } from '../run/streams.js';

type Step = { name: string; long: number; short: number; maxKbps: number; audioKbps: number };

/** Boxes in px by the long and short side, and maximum bit rates in kbit/s, smallest first. */
export const ladder: readonly Step[] = [
  { name: '144p', long: 256, short: 144, maxKbps: 110, audioKbps: 48 },
  { name: '240p', long: 426, short: 240, maxKbps: 340, audioKbps: 64 },
  { name: '360p', long: 640, short: 360, maxKbps: 856, audioKbps: 96 },
  { name: '480p', long: 854, short: 480, maxKbps: 1498, audioKbps: 128 },
  { name: '720p', long: 1280, short: 720, maxKbps: 2996, audioKbps: 128 },
  { name: '1080p', long: 1920, short: 1080, maxKbps: 5350, audioKbps: 192 },
  { name: '1440p', long: 2560, short: 1440, maxKbps: 9630, audioKbps: 192 },
  { name: '2160p', long: 3840, short: 2160, maxKbps: 17120, audioKbps: 192 },
];

/** One rendition to be made. Sizes in px, both even; rates in bit/s. */
export type Rung = { name: string; width: number; height: number; maxBitrate: number; audioBitrate: number };

/** Bits that H.264 needs per bit of the source's codec, for the same quality. 1 for H.264 and older codecs. */
const efficiency: Record<string, number> = { hevc: 2, vp9: 1.7, av1: 2.5, vvc: 3 };

/**
 * The rungs of a video, smallest first. A video has a rung if it fills its box in at least one direction, so wide films
 * keep their full width and portrait reels have the same names; nothing is enlarged. A video smaller than the smallest
 * box has one rung of its own size.
 */
export function planLadder(video: Pick<VideoStream, 'displayWidth' | 'displayHeight' | 'bitrate' | 'codec'>): Rung[] {
  const long = Math.max(video.displayWidth, video.displayHeight);
  const short = Math.min(video.displayWidth, video.displayHeight);
  const reached = ladder.filter((step) => long >= step.long || short >= step.short);
  const steps = reached.length ? reached : ladder.slice(0, 1);
  const maxUsefulBitrate =
    video.bitrate === null ? Infinity : Math.round(video.bitrate * (efficiency[video.codec] ?? 1));
  return steps.map(({ name, maxKbps, audioKbps, ...box }) => {
    const scale = Math.min(1, box.long / long, box.short / short);
    return {
      name,
      width: even(video.displayWidth, scale),
      height: even(video.displayHeight, scale),
      maxBitrate: Math.min(maxKbps * 1000, maxUsefulBitrate),
      audioBitrate: audioKbps * 1000,
    };
  });
}

/** 4:2:0 stores colour for pairs of pixels. Rounds to the nearest even number, never above the source. */
const even = (px: number, scale: number) => Math.max(2, Math.min(Math.round((px * scale) / 2), Math.floor(px / 2)) * 2);
