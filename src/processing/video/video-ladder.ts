import type { VideoStream } from '../run/streams.js';

type Step = { name: string; long: number; short: number; maxKbps: number; audioKbps: number };

/** Boxes in px by the long and short side, and the most that video and audio may take in kbit/s, smallest first. */
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

/** How many bits H.264 takes for what the codec of a source says in one. What is older takes more, not less: 1. */
const efficiency: Record<string, number> = { hevc: 2, vp9: 1.7, av1: 2.5, vvc: 3 };

/**
 * The rungs a video deserves, smallest first. A rung belongs to it when the picture fills its box in one direction at
 * least, so wide films keep their full width and portrait reels get the same names; nothing is enlarged. What is
 * smaller than the smallest box becomes one rung of its own size.
 */
export function planLadder(video: Pick<VideoStream, 'displayWidth' | 'displayHeight' | 'bitrate' | 'codec'>): Rung[] {
  const long = Math.max(video.displayWidth, video.displayHeight);
  const short = Math.min(video.displayWidth, video.displayHeight);
  const reached = ladder.filter((step) => long >= step.long || short >= step.short);
  const steps = reached.length ? reached : ladder.slice(0, 1);
  const enough = video.bitrate === null ? Infinity : Math.round(video.bitrate * (efficiency[video.codec] ?? 1));
  return steps.map(({ name, maxKbps, audioKbps, ...box }) => {
    const scale = Math.min(1, box.long / long, box.short / short);
    return {
      name,
      width: even(video.displayWidth, scale),
      height: even(video.displayHeight, scale),
      maxBitrate: Math.min(maxKbps * 1000, enough),
      audioBitrate: audioKbps * 1000,
    };
  });
}

/** 4:2:0 stores colour for pairs of pixels. The nearest pair, but none more than there is. */
const even = (px: number, scale: number) => Math.max(2, Math.min(Math.round((px * scale) / 2), Math.floor(px / 2)) * 2);
