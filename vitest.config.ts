import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts', 'test/**/*.spec.ts'],
    globalSetup: ['test/setup/global-setup.ts'],
    // Each file has a database and processes of its own; two at a time is what two cores carry.
    maxWorkers: 2,
    // Of a good machine a test takes seconds; a machine that others use, too, may be many times slower.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
