import { existsSync } from 'node:fs';

const { env } = process;

export const mediaFolder = env.VITRINE_MEDIA ?? '';
export const chromiumPath = env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** What a suite needs from outside of this repository, and what is missing when it is not there. */
const needs = {
  real: () => (mediaFolder ? null : 'VITRINE_MEDIA names no folder of real media'),
  browser: () => (existsSync(chromiumPath) ? null : `there is no Chromium at ${chromiumPath}, see CHROMIUM_PATH`),
  redis: () => (env.VITRINE_TEST_REDIS ? null : 'VITRINE_TEST_REDIS names no server'),
  s3: () => (env.VITRINE_TEST_S3 ? null : 'VITRINE_TEST_S3 names no endpoint'),
};
export type Suite = keyof typeof needs;

/** Suites that have to run, comma-separated: for them to be left out is a failure. */
export const required = (env.VITRINE_REQUIRE ?? '').split(',').filter(Boolean) as Suite[];

/** @returns null when the suite has all it needs */
export const missingFor = (suite: Suite): string | null => needs[suite]();

/** Whether a suite skips itself. A required one rather fails for what is missing. */
export const isLeftOut = (suite: Suite): boolean => missingFor(suite) !== null && !required.includes(suite);

/** One line for each suite that this run leaves out. */
export function sayWhatIsLeftOut(suites: Suite[]): void {
  for (const suite of suites) if (isLeftOut(suite)) console.log(`test/${suite} is left out: ${missingFor(suite)}.`);
}
