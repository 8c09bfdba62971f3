import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { flags, type Command } from '../run/ffmpeg.js';

/** Small pictures of a video at regular times, tiled on sheets: players show them as a preview of seeking. */
export type StoryboardPlan = {
  /** ms between two pictures. */
  intervalMs: number;
  /** px of one picture. */
  width: number;
  height: number;
  columns: number;
  rows: number;
};

export type Sheet = {
  /** Counted from 1. */
  name: string;
  path: string;
  mimeType: 'image/jpeg';
  width: number;
  height: number;
  bytes: number;
  tiles: StoryboardPlan;
};

/** px, of the larger side. */
const maxTileSide = 160;
const [maxColumns, maxRows] = [10, 10];
/** Seconds between pictures: the first with which a video has at most `maxPictures`. */
const intervals = [1, 2, 5, 10, 20, 30, 60];
const maxPictures = 300;
const sheetPattern = 'storyboard-%d.jpg';

/** @param size px, as displayed */
export function planStoryboard(size: { width: number; height: number }, durationMs: number): StoryboardPlan {
  const scale = Math.min(1, maxTileSide / Math.max(size.width, size.height));
  const seconds = intervals.find((s) => durationMs / 1000 / s <= maxPictures) ?? intervals.at(-1)!;
  const pictures = pictureCount(durationMs, seconds * 1000);
  const columns = Math.min(maxColumns, pictures);
  const rows = Math.min(maxRows, Math.ceil(pictures / columns));
  const even = (px: number) => Math.max(2, Math.round((px * scale) / 2) * 2);
  return { intervalMs: seconds * 1000, width: even(size.width), height: even(size.height), columns, rows };
}

/** A rest at the end that is shorter than half an interval may have no picture. */
const pictureCount = (durationMs: number, intervalMs: number) => Math.max(1, Math.round(durationMs / intervalMs));

/** Writes the filter graph's `[storyboard]`. */
export const storyboardOutput: Command['outputs'][number] = {
  path: sheetPattern,
  options: [
    ...flags({ map: '[storyboard]', fps_mode: 'passthrough', 'q:v': 5, f: 'image2' }),
    ...['-fflags', '+bitexact', '-flags:v', '+bitexact'],
  ],
};

/** Filters from the pictures of a video to sheets. */
export const storyboardFilters = ({ intervalMs, width, height, columns, rows }: StoryboardPlan): string =>
  [
    // Counted by selected pictures, so that rounding to whole frames doesn't add up.
    `select='gte(t+0.001,selected_n*${intervalMs / 1000})'`,
    `scale=${width}:${height}:flags=bicubic:out_range=pc`,
    'format=yuvj420p',
    `tile=${columns}x${rows}`,
  ].join(',');

/** Reads the sheets that ffmpeg wrote to `dir`. */
export async function readSheets(dir: string, tiles: StoryboardPlan): Promise<Sheet[]> {
  const numbers = (await readdir(dir)).flatMap((name) => /^storyboard-(\d+)\.jpg$/.exec(name)?.[1] ?? []);
  return Promise.all(
    numbers
      .toSorted((a, b) => Number(a) - Number(b))
      .map(async (name): Promise<Sheet> => {
        const file = path.join(dir, `storyboard-${name}.jpg`);
        const [{ width, height }, { size: bytes }] = await Promise.all([sharp(file).metadata(), stat(file)]);
        return { name, path: file, mimeType: 'image/jpeg', width, height, bytes, tiles };
      }),
  );
}

/**
 * WebVTT whose cues are pictures: `sheet#xywh=…` (W3C Media Fragments, 4.2.2), as read by video.js, Plyr, JW Player and
 * Vidstack.
 * @param addresses of the sheets, in order
 */
export function storyboardVtt(plan: StoryboardPlan, durationMs: number, addresses: string[]): string {
  const { intervalMs, width, height, columns, rows } = plan;
  const pictures = Math.min(pictureCount(durationMs, intervalMs), addresses.length * columns * rows);
  const cues = Array.from({ length: pictures }, (_, i) => {
    const [sheet, tile] = [Math.floor(i / (columns * rows)), i % (columns * rows)];
    const [x, y] = [(tile % columns) * width, Math.floor(tile / columns) * height];
    const end = i + 1 === pictures ? durationMs : (i + 1) * intervalMs;
    return `${clock(i * intervalMs)} --> ${clock(end)}\n${addresses[sheet]}#xywh=${x},${y},${width},${height}\n`;
  });
  return `WEBVTT\n\n${cues.join('\n')}`;
}

const clock = (ms: number): string => new Date(Math.round(ms)).toISOString().slice(11, 23);
