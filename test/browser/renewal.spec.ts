import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';
import { describeBrowser, openBrowser } from './browser.js';

/** Tokens are valid for one to two of these. */
const lifeMs = 2_000;
/** Otherwise hls.js would load all of this small video before the first token expires. */
const lineDelayMs = 500;
const seconds = 60;
/** Playback rate: the whole video takes half its duration. */
const speed = 2;

describeBrowser('the player page, while signed addresses end', () => {
  let vitrine: Vitrine;
  let browser: Browser;
  let owner: Client & { apiKey: string };
  let hidden: Json;
  beforeAll(async () => {
    [vitrine, browser] = await Promise.all([Vitrine.start({ env: { MEDIA_TOKEN_MS: String(lifeMs) } }), openBrowser()]);
    owner = await vitrine.signUp();
    hidden = await owner.publish('video', await video('256x144', seconds), { visibility: 'private' });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await vitrine?.stop();
  });

  /** Plays all of it, and returns what was requested meanwhile. */
  async function playAll(page: Page) {
    const refused: string[] = [];
    const tokens = new Set<string | null>();
    page.on('response', (response) => {
      if (response.status() >= 400) refused.push(`${response.status()}: ${new URL(response.url()).pathname}`);
      else if (response.url().includes('.mp4')) tokens.add(new URL(response.url()).searchParams.get('t'));
    });
    await page.route(/\.mp4/, async (route) => {
      await sleep(lineDelayMs);
      await route.continue();
    });
    await page.goto(`${vitrine.origin}/docs/player`);
    await page.fill('#key', owner.apiKey);
    await page.evaluate((url) => (location.hash = url), hidden.url as string);
    await page.locator('video').waitFor();
    await page.evaluate((speed) => {
      const video = document.querySelector('video')!;
      video.playbackRate = speed;
      const stalls: number[] = [];
      Object.assign(window, { stalls });
      // Stalling in spite of a filled buffer is the machine's fault.
      const isDry = () =>
        !video.buffered.length || video.buffered.end(video.buffered.length - 1) - video.currentTime < 0.5;
      const onWaiting = () => isDry() && stalls.push(video.currentTime);
      video.addEventListener('playing', () => video.addEventListener('waiting', onWaiting), { once: true });
    }, speed);
    await page.waitForFunction(`document.querySelector('video').ended`, undefined, { timeout: 120_000 });
    const stalls = await page.evaluate(() => (window as unknown as { stalls: number[] }).stalls);
    // At the very end there is nothing left to load.
    return { refused, tokens, stalls: stalls.filter((at) => at < seconds - 1) };
  }

  it('renews them in time, without a refusal', async () => {
    const { refused, tokens, stalls } = await playAll(await browser.newPage());
    expect(refused).toEqual([]);
    expect(tokens.size).toBeGreaterThan(1);
    expect(stalls).toEqual([]);
  }, 150_000);

  it('recovers from a 401 without a stall, if the clocks differ', async () => {
    const page = await browser.newPage();
    // With a clock an hour behind, these addresses seem valid for another hour.
    await page.route(/\/api\/medias\//, async (route) => {
      const answer = await route.fetch();
      const later = (time: string) => new Date(Date.parse(time) + 3_600_000).toISOString();
      const text = (await answer.text()).replace(/(?<="expiresAt":")[^"]+/g, later);
      await route.fulfill({ response: answer, body: text });
    });
    const { refused, tokens, stalls } = await playAll(page);
    expect(refused.length).toBeGreaterThan(0);
    for (const one of refused) expect(one).toMatch(/^401: \/api\/videos\//);
    expect(tokens.size).toBeGreaterThan(1);
    expect(stalls).toEqual([]);
  }, 150_000);
});
