import type { Browser, Page } from 'playwright-core';
import type * as Tus from 'tus-js-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { picture, video } from '../setup/make-media.js';
import { Vitrine } from '../setup/vitrine.js';
import { complaintsOf, describeBrowser, openBrowser } from './browser.js';
import { play, playing } from './player.js';
import { serveWebOrigin } from './web-origin.js';

declare global {
  interface Window {
    tus: typeof Tus;
  }
}

interface Told {
  status: number;
  headers: Record<string, string>;
  body: Json;
}

describeBrowser('a web client of another origin, in Chromium', () => {
  let web: Awaited<ReturnType<typeof serveWebOrigin>>;
  let vitrine: Vitrine;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let owner: Client & { username: string };
  let token: string;
  beforeAll(async () => {
    web = await serveWebOrigin();
    [vitrine, browser] = await Promise.all([
      Vitrine.start({ env: { CORS_ORIGINS: web.origin, RATE_LIMIT_FACTOR: '100' } }),
      openBrowser(),
    ]);
    owner = await vitrine.signUp();
    page = await browser.newPage();
    complaints = complaintsOf(page);
    await page.goto(web.origin);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await vitrine?.stop();
    await web?.stop();
  });

  /** What a page of the web client can see of an answer. */
  const ask = (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Told> =>
    page.evaluate(
      async ({ url, method, body, headers }) => {
        const answer = await fetch(url, {
          method,
          headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
          ...(body && { body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        return {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          body: text && (JSON.parse(text) as Json),
        };
      },
      {
        url: vitrine.origin + path,
        method,
        body,
        headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
      },
    );

  it('signs in, and reads its limits', async () => {
    const { status, body } = await ask('POST', '/api/users/sign-in', {
      usernameOrEmail: owner.username,
      password: 'correct horse battery',
    });
    expect(status).toBe(200);
    token = body.accessToken;
    const { headers } = await ask('GET', '/api/search?q=nothing');
    expect(headers).toMatchObject({ 'ratelimit-limit': expect.any(String), 'x-request-id': expect.any(String) });
    expect(complaints).toEqual([]);
  });

  it('uploads by tus, publishes, edits and deletes', async () => {
    const bytes = await picture(120, 90).jpeg().toBuffer();
    const seen = await page.evaluate(
      ({ endpoint, token, base64 }) =>
        new Promise<{ file: string | undefined; offsets: string[] }>((resolve, reject) => {
          const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
          let file: string | undefined;
          const offsets: string[] = [];
          const upload = new window.tus.Upload(new Blob([bytes]), {
            endpoint,
            chunkSize: Math.ceil(bytes.length / 2),
            headers: { authorization: `Bearer ${token}` },
            metadata: { filename: 'cross.jpg', kind: 'photo' },
            onAfterResponse: (_request, response) => {
              offsets.push(response.getHeader('Upload-Offset') ?? '');
              file = response.getHeader('Vitrine-File') ?? file;
            },
            onSuccess: () => resolve({ file, offsets }),
            onError: reject,
          });
          upload.start();
        }),
      { endpoint: `${vitrine.origin}/api/uploads`, token, base64: bytes.toString('base64') },
    );
    expect(seen.offsets.at(-1)).toBe(String(bytes.length));
    expect(await owner.settled(seen.file!)).toMatchObject({ status: 'ready', filename: 'cross.jpg' });

    const made = await ask(
      'POST',
      '/api/medias',
      { type: 'photo', files: [seen.file] },
      { 'idempotency-key': 'web-1' },
    );
    expect(made.status).toBe(201);
    const again = await ask(
      'POST',
      '/api/medias',
      { type: 'photo', files: [seen.file] },
      { 'idempotency-key': 'web-1' },
    );
    expect([again.body.url, again.headers['idempotent-replayed']]).toEqual([made.body.url, 'true']);
    const address = `/api/medias/${made.body.url}`;
    expect((await ask('PUT', address, { title: 'From elsewhere' })).body.title).toBe('From elsewhere');
    expect((await ask('PUT', `${address}/reaction`, { emoji: '🎉' })).status).toBe(201);
    expect((await ask('DELETE', address)).status).toBe(204);
    expect(complaints).toEqual([]);
    expect((await ask('GET', address)).body.code).toBe('media_not_found');
    complaints.length = 0;
  });

  it('resumes an upload, and reads its offset', async () => {
    const tus = { 'tus-resumable': '1.0.0' };
    const { status, headers } = await ask('POST', '/api/uploads', undefined, {
      ...tus,
      'upload-length': '10',
      'upload-metadata': `kind ${btoa('photo')}`,
    });
    expect([status, headers.location]).toEqual([201, expect.stringMatching(/^\/api\/uploads\//)]);
    const { headers: now } = await ask('HEAD', headers.location!, undefined, tus);
    expect(now).toMatchObject({ 'upload-offset': '0', 'upload-length': '10' });
    expect((await ask('DELETE', headers.location!, undefined, tus)).status).toBe(204);
    expect(complaints).toEqual([]);
  });

  it('shows a picture in an <img>, then in an <img crossorigin> whose pixels it may read', async () => {
    const photo = await owner.publish('photo', await picture(120, 90).jpeg().toBuffer());
    const src = `${vitrine.origin}/api/photos/${photo.files[0].url}`;
    const widths = await page.evaluate(async (src) => {
      const shown = async (crossOrigin: string | null) => {
        const image = new Image();
        image.crossOrigin = crossOrigin;
        image.src = src;
        await image.decode();
        return image;
      };
      await shown(null);
      const readable = await shown('anonymous');
      const canvas = document.createElement('canvas').getContext('2d')!;
      canvas.drawImage(readable, 0, 0);
      return [readable.naturalWidth, canvas.getImageData(0, 0, 1, 1).data.length];
    }, src);
    expect(widths).toEqual([120, 4]);
    const { headers } = await page.evaluate(async (src) => {
      const answer = await fetch(src, { headers: { range: 'bytes=0-9' } });
      return { headers: Object.fromEntries(answer.headers) };
    }, src);
    expect(headers).toMatchObject({ 'content-range': expect.stringMatching(/^bytes 0-9\//), etag: expect.any(String) });
    expect(complaints).toEqual([]);
  });

  it.each(['public', 'private'])(
    'plays a %s video with hls.js',
    async (visibility) => {
      const media = await owner.publish('video', await video(visibility === 'public' ? '426x240' : '256x144', 3), {
        visibility,
      });
      await page.goto(web.origin);
      await play(page, vitrine.origin + media.files[0].hls);
      await page.waitForFunction(`document.querySelector('video').ended`, undefined, { timeout: 30_000 });
      expect(await playing(page)).toMatchObject({ videoWidth: 256, videoHeight: 144 });
      expect(await page.evaluate(() => window.player.errors)).toEqual([]);
      expect(complaints).toEqual([]);
    },
    90_000,
  );
});
