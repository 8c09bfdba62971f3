import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const require = createRequire(import.meta.url);
const hlsScript = require.resolve('hls.js/dist/hls.min.js');

const html = `<!doctype html><meta charset="utf-8"><title>Player</title><link rel="icon" href="data:,">
<video muted playsinline></video><script src="/player/hls.js"></script>`;

/** An empty page with hls.js, at the API's own origin, so that it may read all answers. */
export async function openPlayer(page: Page, origin: string): Promise<void> {
  await page.route(`${origin}/player/`, (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await page.route(`${origin}/player/hls.js`, (route) => route.fulfill({ path: hlsScript }));
  await page.goto(`${origin}/player/`);
}

/** State reported by a page with hls.js, as `window.player`. */
export interface Player {
  errors: string[];
  switchedTo: number[];
  levels: { height: number; width: number; codecs: string }[];
  setLevel(level: number): void;
  showSubtitles(track: number): void;
}
declare global {
  interface Window {
    player: Player;
    Hls: typeof import('hls.js').default;
  }
}

/** Plays a master playlist with hls.js, starting at its lowest level. */
export const play = (page: Page, source: string): Promise<void> =>
  page.evaluate(async (source) => {
    const { Hls } = window;
    if (!Hls.isSupported()) throw new Error('hls.js does not run here');
    const video = document.querySelector('video')!;
    const hls = new Hls({ startLevel: 0 });
    const player: Player = {
      errors: [],
      switchedTo: [],
      levels: [],
      setLevel: (level) => (hls.currentLevel = level),
      showSubtitles: (track) => {
        hls.subtitleTrack = track;
        hls.subtitleDisplay = true;
      },
    };
    window.player = player;
    hls.on(Hls.Events.ERROR, (_, { type, details, error }) => {
      // A seek aborts the segment being loaded, intentionally.
      if ((details as string) !== 'aborted') player.errors.push(`${type} ${details} ${error.message}`);
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => player.switchedTo.push(level));
    await new Promise<void>((resolve, reject) => {
      hls.on(Hls.Events.MANIFEST_PARSED, () => resolve());
      setTimeout(() => reject(new Error(`no manifest: ${player.errors.join()}`)), 15_000);
      hls.loadSource(source);
      hls.attachMedia(video);
    });
    player.levels = hls.levels.map(({ width, height, videoCodec, audioCodec }) => ({
      width,
      height,
      codecs: [videoCodec, audioCodec].filter(Boolean).join(),
    }));
    hls.currentLevel = 0;
    await video.play();
  }, source);

export interface Playing {
  currentTime: number;
  duration: number;
  videoWidth: number;
  videoHeight: number;
  decoded: number;
  audioBytes: number;
}

export const playing = (page: Page): Promise<Playing> =>
  page.evaluate(() => {
    const video = document.querySelector('video')!;
    const { currentTime, duration, videoWidth, videoHeight } = video;
    const decoded = video.getVideoPlaybackQuality().totalVideoFrames;
    const audioBytes = (video as { webkitAudioDecodedByteCount?: number }).webkitAudioDecodedByteCount ?? 0;
    return { currentTime, duration, videoWidth, videoHeight, decoded, audioBytes };
  });
