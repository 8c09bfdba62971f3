import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { Vitrine } from '../setup/vitrine.js';
import { complaintsOf, describeBrowser, openBrowser } from './browser.js';

describeBrowser('the documentation, in Chromium', () => {
  let vitrine: Vitrine;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let ada: Client & { apiKey: string };
  let document: Json;
  beforeAll(async () => {
    [vitrine, browser] = await Promise.all([Vitrine.start({ workers: ['social,mail,maintenance'] }), openBrowser()]);
    ada = await vitrine.signUp();
    document = (await vitrine.client().get('/docs-json').expect(200)).body;
    page = await browser.newPage({ viewport: { width: 1200, height: 1400 } });
    complaints = complaintsOf(page);
    // Open it by another name than the document's server: as a cross-origin page it could try nothing out.
    await page.goto(vitrine.origin.replace('127.0.0.1', 'localhost') + '/docs');
    await page.locator('.opblock-tag').first().waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await vitrine?.stop();
  });

  it('shows every tag with all its operations', async () => {
    const tags = await page
      .locator('.opblock-tag')
      .evaluateAll((all) => all.map((tag) => tag.getAttribute('data-tag')));
    expect(tags).toEqual(document.tags.map(({ name }: Json) => name));
    const operations = Object.values<object>(document.paths).flatMap((path) => Object.values(path) as Json[]);
    for (const tag of tags) {
      const header = page.locator(`.opblock-tag[data-tag="${tag}"]`);
      await header.click();
      const below = page.locator('.opblock-tag-section', { has: header }).locator('.opblock');
      await below.first().waitFor();
      expect([tag, await below.count()]).toEqual([tag, operations.filter(({ tags: [of] }) => of === tag).length]);
      await header.click();
    }
    expect(complaints).toEqual([]);
  });

  it('takes an API key, an access token, or the token of an avatar', async () => {
    await page.locator('.auth-wrapper .authorize').first().click();
    const dialog = page.locator('.dialog-ux');
    const schemes = await dialog.locator('.auth-container h4').allInnerTexts();
    expect(schemes.map((text) => text.split(/\s/)[0]).toSorted()).toEqual(['accessToken', 'apiKey', 'avatarToken']);
    const key = dialog.locator('.auth-container', { hasText: 'X-API-KEY' });
    await key.locator('input').fill(ada.apiKey);
    await key.getByRole('button', { name: 'Apply credentials' }).click();
    await dialog.getByRole('button', { name: 'Close', exact: true }).first().click();
    expect(complaints).toEqual([]);
  });

  it('can try out operations', async () => {
    await page.locator('.opblock-tag[data-tag="uploads"]').click();
    const operation = page.locator('.opblock', { has: page.locator('[data-path="/api/users/me/limits"]') });
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answer = operation.locator('.live-responses-table .response').first();
    await answer.waitFor();
    expect(await answer.locator('.response-col_status').innerText()).toMatch(/^200/);
    const { body } = await ada.get('/api/users/me/limits').expect(200);
    expect(JSON.parse(await answer.locator('pre').first().innerText())).toEqual(body);
    expect(complaints).toEqual([]);
  });

  it('shows the live events, with nothing from elsewhere', async () => {
    const asked = new Set<string>();
    const events = await browser.newPage();
    events.on('request', (request) => asked.add(new URL(request.url()).origin));
    await events.goto(`${vitrine.origin}/docs/events`);
    for (const name of ['message.created', 'notification.changed', 'message.send'])
      await events.getByText(name, { exact: true }).first().waitFor({ state: 'attached' });
    expect([...asked].filter((origin) => origin.startsWith('http'))).toEqual([vitrine.origin]);
    await events.close();
  });
});
