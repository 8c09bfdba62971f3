import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../platform/http/problems.js';
import { passwordFault, isPasswordPublic } from './passwords.schemas.js';
import { PasswordsService } from './passwords.service.js';

const passwords = new PasswordsService();

describe('a password', () => {
  it.each([
    'x7 yq!pl',
    'correct horse battery',
    'пароль с пробелом',
    '🦆'.repeat(128),
    'z'.repeat(128),
    ' leading and trailing ',
  ])('may be %j', (password) => {
    expect(passwordFault(password)).toBeNull();
  });

  it.each([
    ['seven77', 'needs 8 to 128 characters'],
    ['🦆🦆🦆🦆', 'needs 8 to 128 characters'],
    ['z'.repeat(129), 'needs 8 to 128 characters'],
    ['password1', 'is one of the most used passwords'],
    ['Password1', 'is one of the most used passwords'],
    ['ｐａｓｓｗｏｒｄ１', 'is one of the most used passwords'],
    ['1qaz2wsx', 'is one of the most used passwords'],
    ['half a pair \ud83e', 'is not Unicode text'],
  ])('may not be %j', (password, fault) => {
    expect(passwordFault(password)).toBe(fault);
  });

  it.each(['ADA.lovelace', 'ada@Example.org', 'ada'])('is not reported when it is %j', (password) => {
    expect(isPasswordPublic(password, { username: 'ada.lovelace', email: 'ada@example.org' })).toBe(true);
    expect(isPasswordPublic(`${password}!`, { username: 'ada.lovelace', email: 'ada@example.org' })).toBe(false);
  });

  it('is measured to its last character, however many bytes it has', async () => {
    const long = '🦆'.repeat(127);
    const stored = await passwords.hash(`${long}a`);
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passwords.matches(stored, `${long}a`)).toBe(true);
    expect(await passwords.matches(stored, `${long}b`)).toBe(false);
    expect(await passwords.matches(stored, long)).toBe(false);
  });

  it('is the same however the keyboard composes it, and no other', async () => {
    const stored = await passwords.hash('caf\u00e9 au lait');
    expect(await passwords.matches(stored, 'cafe\u0301 au lait')).toBe(true);
    expect(await passwords.matches(stored, 'cafe au lait')).toBe(false);
    expect(await passwords.matches(await passwords.hash('ﬁve ﬁngers'), 'five fingers')).toBe(false);
  });

  it('is refused while too many wait to be checked, and checked again afterwards', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 150 }, () => passwords.hash('correct horse')));
    const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason as Problem] : []));
    expect(refused.length).toBe(150 - 100 - Math.max(2, availableParallelism()));
    for (const problem of refused) expect(problem).toMatchObject({ code: 'unavailable' });
    expect(await passwords.hash('correct horse')).toMatch(/^\$argon2id/);
  });

  it('never matches if there is no account', async () => {
    expect(await passwords.matches(null, 'nobody has this password')).toBe(false);
  });
});
