import { describe, expect, it } from 'vitest';
import { evaluate, rangeHolds } from './conditions.js';

const body = { etag: '"a"', modifiedAt: new Date('2026-01-02T03:04:05.678Z') };
const same = 'Fri, 02 Jan 2026 03:04:05 GMT';
const before = 'Fri, 02 Jan 2026 03:04:04 GMT';

describe('conditions', () => {
  it.each([
    [{}, 'send'],
    [{ 'if-none-match': '"a"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"a"' }, 'not-modified'],
    [{ 'if-none-match': '"b", "a"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"a"', 'cache-control': 'no-cache' }, 'not-modified'],
    [{ 'if-none-match': '"b"', 'if-modified-since': same }, 'send'],
    [{ 'if-modified-since': same }, 'not-modified'],
    [{ 'if-modified-since': before }, 'send'],
    [{ 'if-modified-since': 'yesterday' }, 'send'],
    [{ 'if-match': '"a"' }, 'send'],
    [{ 'if-match': 'W/"a"' }, 'failed'],
    [{ 'if-match': '"b"' }, 'failed'],
    [{ 'if-unmodified-since': same }, 'send'],
    [{ 'if-unmodified-since': before }, 'failed'],
    [{ 'if-match': '"a"', 'if-unmodified-since': before }, 'send'],
  ])('%j', (headers, outcome) => {
    expect(evaluate(headers, body)).toBe(outcome);
  });

  it.each([
    [undefined, true],
    ['"a"', true],
    ['"b"', false],
    ['W/"a"', false],
    [same, true],
    [before, false],
  ])('allows a range for If-Range %s: %s', (header, holds) => {
    expect(rangeHolds(header, body)).toBe(holds);
  });

  it('compares no dates where there is none', () => {
    const undated = { etag: '"a"', modifiedAt: null };
    expect(evaluate({ 'if-modified-since': same }, undated)).toBe('send');
    expect(evaluate({ 'if-unmodified-since': before }, undated)).toBe('send');
    expect(rangeHolds(same, undated)).toBe(false);
    expect(rangeHolds('"a"', undated)).toBe(true);
  });
});
