import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startSink } from '../setup/mail-sink.js';
import { complaintsOf, describeBrowser, openBrowser } from './browser.js';
import { serveWebOrigin } from './web-origin.js';

describeBrowser('the inbox of npm start, in Chromium', () => {
  let dir: string;
  let sink: Awaited<ReturnType<typeof startSink>>;
  let web: Awaited<ReturnType<typeof serveWebOrigin>>;
  let browser: Browser;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vitrine-inbox-'));
    [sink, web, browser] = await Promise.all([startSink(dir), serveWebOrigin(), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await web?.stop();
    await sink?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const send = (subject: string) =>
    createTransport(sink.smtpUrl).sendMail({
      from: 'vitrine@example.org',
      to: 'ada@example.org',
      subject,
      html: `<p>${subject}</p>`,
    });

  it('shows mails as they arrive, to its own page only', async () => {
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    await page.goto(sink.webUrl);
    await send('123456 is your code');
    const item = page.locator('.email-item', { hasText: '123456 is your code' });
    await item.waitFor();
    await item.click();
    await page.frameLocator('iframe.panel-html').getByText('123456 is your code').waitFor();
    expect(complaints).toEqual([]);

    const elsewhere = await browser.newPage();
    await elsewhere.goto(web.origin);
    const tries = await elsewhere.evaluate(async (inbox) => {
      const outcome = (path: string, init?: RequestInit) =>
        fetch(inbox + path, init).then(
          () => 'read',
          () => 'refused',
        );
      return Promise.all([outcome('/email'), outcome('/email/all', { method: 'DELETE' })]);
    }, sink.webUrl);
    expect(tries).toEqual(['refused', 'refused']);
    await page.reload();
    await item.waitFor();
  });
});
