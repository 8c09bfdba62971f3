import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mailAbout, Vitrine } from '../setup/vitrine.js';
import { complaintsOf, describeBrowser, openBrowser } from './browser.js';

describeBrowser('the page of a mailed reset, in Chromium', () => {
  let vitrine: Vitrine;
  let browser: Browser;
  beforeAll(async () => {
    [vitrine, browser] = await Promise.all([Vitrine.start({ workers: ['social,mail,maintenance'] }), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await vitrine?.stop();
  });

  it('sets a new password once, and explains refusals', async () => {
    const ada = await vitrine.signUp();
    await vitrine.client().post('/api/users/password-reset', { email: ada.email }).expect(202);
    const { text } = await mailAbout('new Vitrine password', ada.email);
    const address = /https?:\S+password-reset#[\w-]+/.exec(text)![0];
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    await page.goto(address);
    expect(await page.title()).toContain('New password');
    const field = page.getByLabel('New password');
    const button = page.getByRole('button', { name: 'Set password' });

    await field.fill('password1');
    await button.click();
    await page.getByText('is one of the most used passwords').waitFor();
    await field.fill('staple of another kind');
    await button.click();
    await page.getByText('Your new password is set').waitFor();
    await vitrine
      .client()
      .post('/api/users/sign-in', { usernameOrEmail: ada.username, password: 'staple of another kind' })
      .expect(200);

    await page.reload();
    await field.fill('yet another staple');
    await button.click();
    await page.getByText('The link is no longer valid').waitFor();
    // The two refusals only.
    expect(complaints.filter((complaint) => !/40[01]|422/.test(complaint))).toEqual([]);
    await page.close();
  });
});
