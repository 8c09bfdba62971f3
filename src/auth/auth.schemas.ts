import { z } from 'zod';
import { page } from '../platform/http/page.js';
import { Profile } from '../users/users.schemas.js';
import { GivenPassword } from './passwords.schemas.js';

export const SignInBody = z
  .strictObject({
    usernameOrEmail: z
      .string()
      .min(1)
      .max(254, { abort: true })
      .regex(/^\P{Cc}*$/u)
      .meta({ example: 'ada' }),
    password: GivenPassword,
  })
  .meta({ id: 'SignIn' });
export type SignInBody = z.infer<typeof SignInBody>;

export const RefreshBody = z.strictObject({ refreshToken: z.string().min(1).max(200) }).meta({ id: 'Refresh' });
export const SignOutBody = z
  .strictObject({
    refreshToken: z
      .string()
      .max(200)
      .optional()
      .meta({ description: 'Not needed: the access token identifies the session' }),
  })
  .prefault({})
  .meta({ id: 'SignOut' });

export const Tokens = z
  .object({
    accessToken: z.string(),
    refreshToken: z.string().meta({ description: 'Works once: each refresh gives a new one' }),
    expiresIn: z.int().meta({ description: 'Seconds until the access token expires', example: 900 }),
  })
  .meta({ id: 'Tokens' });

export const SignedInAnswer = Tokens.extend({ user: Profile }).meta({ id: 'SignedIn' });

export const SessionAnswer = z
  .object({
    id: z.uuid(),
    device: z.string().meta({ description: 'User-Agent of the client' }),
    address: z.string().meta({ example: '203.0.113.7' }),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().meta({ description: 'To the minute' }),
    expiresAt: z.iso.datetime().meta({ description: 'Unless it is refreshed before' }),
    current: z.boolean().meta({ description: 'Whether it is the session of this request' }),
  })
  .meta({ id: 'Session' });
export type SessionAnswer = z.infer<typeof SessionAnswer>;
export const SessionPage = page(SessionAnswer).meta({ id: 'SessionPage' });
export const SessionParam = z.strictObject({ id: z.uuid() });
