import { expect, it } from 'vitest';
import { isAlike, likeTerm } from './trigrams.js';
import { sql } from './sql.js';

const asked = (statement: object) => JSON.stringify(statement);

it.each(['ан', '北京', 'a.', '!!!', '🦆', 'a b c'])(
  '%j is never searched by like, which would read every row',
  (term) => {
    expect(asked(likeTerm(term, sql`t`, sql`p`))).not.toContain('like');
  },
);
it.each(['anna', 'Анна', 'x123'])('%j is', (term) => {
  expect(asked(likeTerm(term, sql`t`, sql`p`))).toContain('like');
});
it.each(['!!!', '🦆', '--'])('%j is similar to nothing', (term) => {
  expect(asked(isAlike(term, sql`w`, sql`t`))).not.toContain('<%');
});
it.each(['ан', 'a.', '北'])('%j has a word', (term) => {
  expect(asked(isAlike(term, sql`w`, sql`t`))).toContain('<%');
});
