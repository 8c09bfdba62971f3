import { describe, expect, it } from 'vitest';
import { ladder, planLadder } from './video-ladder.js';

const plan = (displayWidth: number, displayHeight: number, bitrate: number | null = null) =>
  planLadder({ displayWidth, displayHeight, bitrate, codec: 'h264' }).map((r) => `${r.name} ${r.width}x${r.height}`);

describe('planLadder', () => {
  it.each([
    [
      '1080p',
      1920,
      1080,
      ['144p 256x144', '240p 426x240', '360p 640x360', '480p 854x480', '720p 1280x720', '1080p 1920x1080'],
    ],
    ['a portrait reel', 720, 1280, ['144p 144x256', '240p 240x426', '360p 360x640', '480p 480x854', '720p 720x1280']],
    ['4:3', 640, 480, ['144p 192x144', '240p 320x240', '360p 480x360', '480p 640x480']],
    [
      'a wide film keeps its width',
      1280,
      536,
      ['144p 256x108', '240p 426x178', '360p 640x268', '480p 854x358', '720p 1280x536'],
    ],
    ['a square', 360, 360, ['144p 144x144', '240p 240x240', '360p 360x360']],
    ['between two rungs', 960, 540, ['144p 256x144', '240p 426x240', '360p 640x360', '480p 854x480']],
    ['odd sizes', 321, 241, ['144p 192x144', '240p 320x240']],
    ['tiny', 199, 112, ['144p 198x112']],
    ['one pixel', 1, 1, ['144p 2x2']],
  ])('%s', (_, width, height, expected) => {
    expect(plan(width, height)).toEqual(expected);
  });

  it('goes up to 2160p and no further', () => {
    expect(plan(7680, 4320).at(-1)).toBe('2160p 3840x2160');
  });

  it('never enlarges and is always even', () => {
    for (let width = 2; width < 2200; width += 37) {
      for (let height = 2; height < 2200; height += 41) {
        for (const rung of planLadder({ displayWidth: width, displayHeight: height, bitrate: null, codec: 'h264' })) {
          expect((rung.width % 2) + (rung.height % 2)).toBe(0);
          expect(rung.width).toBeLessThanOrEqual(width);
          expect(rung.height).toBeLessThanOrEqual(height);
        }
      }
    }
  });

  it.each([
    ['h264', 500_000],
    ['mpeg4', 500_000],
    ['vp9', 850_000],
    ['hevc', 1_000_000],
    ['av1', 1_250_000],
  ])('never exceeds the bit rate that a source in %s is worth', (codec, worth) => {
    const rungs = planLadder({ displayWidth: 1920, displayHeight: 1080, bitrate: 500_000, codec });
    const rates = [110_000, 340_000, 856_000, 1_498_000, 2_996_000, 5_350_000].map((max) => Math.min(max, worth));
    expect(rungs.map((r) => r.maxBitrate)).toEqual(rates);
  });

  it('has one name for each step, in order', () => {
    expect(ladder.map((s) => s.name)).toEqual(ladder.toSorted((a, b) => a.short - b.short).map((s) => s.name));
  });
});
