import { describe, expect, it } from 'vitest';
import { missingFor, required } from './setup/needs.js';

describe.skipIf(!required.length)('what VITRINE_REQUIRE names', () => {
  it.each(required)('%s has all it needs', (suite) => {
    expect(missingFor(suite)).toBeNull();
  });
});
