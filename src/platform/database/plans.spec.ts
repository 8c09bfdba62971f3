import { expect, it } from 'vitest';
import { Plans } from './plans.js';

it('keeps frequent texts, not the first ones', () => {
  const plans = new Plans(2);
  for (const text of ['once', 'also once']) expect(plans.nameOf(text)).toBeUndefined();
  const ask = (text: string, times = 3) => Array.from({ length: times }, () => plans.nameOf(text)).at(-1);
  const [a, b] = [ask('a'), ask('b')];
  expect([a, b, ask('a', 1), ask('b', 1)]).toEqual([expect.any(String), expect.any(String), a, b]);
  ask('a', 1);
  const c = ask('c');
  expect([a, b, c].map((name) => plans.keeps(name!))).toEqual([true, false, true]);
  expect(plans.nameOf('a')).toBe(a);
  expect(plans.numbers).toMatchObject({ kept: 2, retired: 1 });
});

it('counts how many executions had a plan', () => {
  const plans = new Plans();
  for (let i = 0; i < 10; i++) plans.nameOf('text');
  expect(plans.numbers).toMatchObject({ asked: 10, prepared: 7, kept: 1 });
});

it('gives a lost plan another name', () => {
  const plans = new Plans();
  const ask = () => Array.from({ length: 3 }, () => plans.nameOf('text')).at(-1)!;
  const name = ask();
  plans.forget('text');
  expect(plans.keeps(name)).toBe(false);
  expect(ask()).not.toBe(name);
});
