import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture, video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';
import { complaintsOf, describeBrowser, openBrowser } from './browser.js';
import { openPlayer, play, playing } from './player.js';

const seconds = 12;
const pad = (n: number) => String(n).padStart(2, '0');

describeBrowser('in Chromium', () => {
  let vitrine: Vitrine;
  let browser: Browser;
  let owner: Client;
  let page: Page;
  let complaints: string[];
  let open: Json;
  beforeAll(async () => {
    [vitrine, browser] = await Promise.all([Vitrine.start(), openBrowser()]);
    owner = await vitrine.signUp();
    open = await owner.publish('video', await video('854x480', seconds));
    const words = Array.from(
      { length: seconds - 1 },
      (_, i) => `${i + 1}\n00:00:${pad(i)},000 --> 00:00:${pad(i)},900\nLine ${i}\n`,
    );
    await owner
      .send('PUT', `/api/medias/${open.url}/subtitles/en`, Buffer.from(words.join('\n')), {
        'content-type': 'text/plain',
      })
      .expect(201);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await vitrine?.stop();
  });
  beforeEach(async () => {
    page = await browser.newPage();
    complaints = complaintsOf(page);
    await openPlayer(page, vitrine.origin);
  });
  afterEach(() => page.close());

  const untilPlaying = (test: string, limitMs = 20_000) =>
    page.waitForFunction(`(() => { const video = document.querySelector('video'); return ${test}; })()`, undefined, {
      timeout: limitMs,
    });

  it('hls.js plays the ladder and changes its level without an error', async () => {
    await play(page, open.files[0].hls);
    const levels = await page.evaluate(() => window.player.levels);
    expect(levels.map(({ width, height }) => `${width}x${height}`)).toEqual([
      '256x144',
      '426x240',
      '640x360',
      '854x480',
    ]);
    for (const { codecs } of levels) expect(codecs).toMatch(/^avc1\.6400[0-9a-f]{2},mp4a\.40\.2$/);
    await untilPlaying('video.currentTime > 1.5');
    const low = await playing(page);
    expect(low).toMatchObject({ videoWidth: 256, videoHeight: 144 });
    expect(low.decoded).toBeGreaterThan(10);
    expect(low.audioBytes).toBeGreaterThan(0);
    expect(Math.abs(low.duration - seconds)).toBeLessThan(0.1);

    await page.evaluate(() => window.player.setLevel(3));
    await untilPlaying(`video.videoWidth === 854 && video.currentTime > ${low.currentTime + 1}`);
    const high = await playing(page);
    expect(high).toMatchObject({ videoWidth: 854, videoHeight: 480 });
    expect(high.decoded).toBeGreaterThan(low.decoded);

    await page.evaluate(() => window.player.setLevel(0));
    await untilPlaying(`video.videoWidth === 256 && video.currentTime > ${high.currentTime + 1}`);
    expect(await page.evaluate(() => window.player.switchedTo)).toEqual([0, 3, 0]);
    await untilPlaying('video.ended', (seconds + 20) * 1000);
    expect(await page.evaluate(() => window.player.errors)).toEqual([]);
    expect(complaints).toEqual([]);
  }, 90_000);

  it('hls.js seeks, and shows the right subtitles', async () => {
    await play(page, open.files[0].hls);
    await page.evaluate(() => window.player.showSubtitles(0));
    for (const at of [9, 3]) {
      await page.evaluate((at) => (document.querySelector('video')!.currentTime = at), at);
      await untilPlaying(`!video.seeking && video.currentTime > ${at + 0.2}`);
      await untilPlaying(`[...video.textTracks].some(({ activeCues }) => activeCues?.[0]?.text.startsWith('Line '))`);
      const { text, currentTime } = await page.evaluate(() => {
        const video = document.querySelector('video')!;
        const cues = [...video.textTracks].flatMap(({ activeCues }) => [...(activeCues ?? [])] as VTTCue[]);
        return { text: cues[0]?.text ?? '', currentTime: video.currentTime };
      });
      expect(Math.abs(Number(text.replace('Line ', '')) - Math.floor(currentTime))).toBeLessThanOrEqual(1);
    }
    expect(await page.evaluate(() => window.player.errors)).toEqual([]);
    expect(complaints).toEqual([]);
  }, 60_000);

  it('hls.js plays a private video by its signed addresses, and not without them', async () => {
    const hidden = await owner.publish('video', await video('426x240', 4), { visibility: 'private' });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const { hls } = hidden.files[0];
    expect(hls).toMatch(/[?&]t=/);
    await play(page, hls);
    await untilPlaying('video.ended');
    expect(await playing(page)).toMatchObject({ videoWidth: 256, videoHeight: 144 });
    expect(await page.evaluate(() => window.player.errors)).toEqual([]);
    const media = asked.filter((url) => url.includes('/api/'));
    expect(media.length).toBeGreaterThanOrEqual(3);
    for (const url of media) expect(url).toMatch(/[?&]t=/);
    expect(complaints).toEqual([]);
    for (const url of media) await vitrine.client().get(new URL(url).pathname).expect(404, 'file_not_found');
  });

  it('a plain <video> shows the duration of one rung, and seeks in it', async () => {
    const source = open.files[0].renditions.find(({ name }: Json) => name === '480p').href;
    await page.evaluate((source) => (document.querySelector('video')!.src = source), source);
    await untilPlaying('video.readyState >= 2');
    const { duration, videoWidth } = await playing(page);
    expect(videoWidth).toBe(854);
    expect(Math.abs(duration - seconds)).toBeLessThan(0.1);
    await page.evaluate(() => (document.querySelector('video')!.currentTime = 8));
    await untilPlaying('!video.seeking && video.readyState >= 2');
    await page.evaluate(() => document.querySelector('video')!.play());
    await untilPlaying('video.currentTime > 8.5');
    expect((await playing(page)).decoded).toBeGreaterThan(5);
    expect(complaints).toEqual([]);
  });

  it('an <img> shows every size of a photo, and the poster', async () => {
    const photo = await owner.publish('photo', await picture(2600, 1950).jpeg().toBuffer());
    const shown = (src: string) =>
      page.evaluate(async (src) => {
        const image = new Image();
        image.src = src;
        await image.decode();
        return { width: image.naturalWidth, height: image.naturalHeight };
      }, src);
    const { renditions } = photo.files[0];
    expect(renditions).toHaveLength(7);
    for (const { href, width, height } of renditions) expect(await shown(href)).toEqual({ width, height });
    expect(await shown(`/api/photos/${photo.files[0].url}`)).toEqual({ width: 1024, height: 768 });
    expect(await shown(open.files[0].poster)).toEqual({ width: 854, height: 480 });
    expect(complaints).toEqual([]);
  });
});
