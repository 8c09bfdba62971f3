import { existsSync } from 'node:fs';

const { env } = process;

export const mediaFolder = env.VITRINE_MEDIA ?? '';
export const chromiumPath = env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** External requirements of a suite, and the message if one is missing. */
const needs = {
  real: () => (mediaFolder ? null : 'VITRINE_MEDIA names no folder of real media'),
  browser: () => (existsSync(chromiumPath) ? null : `there is no Chromium at ${chromiumPath}, see CHROMIUM_PATH`),
  redis: () => (env.VITRINE_TEST_REDIS ? null : 'VITRINE_TEST_REDIS names no server'),
  s3: () => (env.VITRINE_TEST_S3 ? null : 'VITRINE_TEST_S3 names no endpoint'),
};
export type Suite = keyof typeof needs;

/** Suites that must run, comma-separated: skipping them is a failure. */
export const required = (env.VITRINE_REQUIRE ?? '').split(',').filter(Boolean) as Suite[];

/** @returns null if the suite has all it needs */
export const missingFor = (suite: Suite): string | null => needs[suite]();

/** Whether a suite is skipped. A required one fails instead. */
export const isLeftOut = (suite: Suite): boolean => missingFor(suite) !== null && !required.includes(suite);

/** Prints a line for each suite that this run skips. */
export function sayWhatIsLeftOut(suites: Suite[]): void {
  for (const suite of suites) if (isLeftOut(suite)) console.log(`test/${suite} is left out: ${missingFor(suite)}.`);
}
