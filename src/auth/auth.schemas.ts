import { z } from 'zod';
import { Profile } from '../users/users.schemas.js';
import { Bio, DisplayName, Locale, NewUsername, Username } from '../users/users.schemas.js';
import { passwordFault, passwordLength, passwordTellsNothing } from './passwords.service.js';

const { min: minLength, max: maxLength } = passwordLength;
/** One that somebody chooses. */
export const NewPassword = z
  .string()
  .superRefine((value, context) => {
    const fault = passwordFault(value);
    if (fault) context.addIssue(fault);
  })
  .meta({
    minLength,
    maxLength,
    description: `${minLength} to ${maxLength} characters, any of them, but none of the most used passwords`,
    example: 'correct horse battery',
  });

/** One that somebody has: any length, so that the rules of another day keep nobody out. */
export const GivenPassword = z.string().min(1).max(1024, { abort: true }).meta({ example: 'correct horse battery' });

export const Email = z
  .string()
  .max(254, { abort: true })
  .pipe(z.email().regex(/^[^@]{1,64}@/, 'the part before the @ is too long'))
  .meta({ format: 'email', maxLength: 254, example: 'ada@example.org' });

export const knownPassword = 'is your name or your address';

export const SignUpBody = z
  .strictObject({
    email: Email,
    username: NewUsername,
    password: NewPassword,
    displayName: DisplayName.optional(),
    bio: Bio.optional(),
    locale: Locale.optional(),
  })
  .superRefine(({ password, ...account }, context) => {
    if (passwordTellsNothing(password, account))
      context.addIssue({ code: 'custom', path: ['password'], message: knownPassword });
  })
  .meta({ id: 'SignUp' });
export type SignUpBody = z.infer<typeof SignUpBody>;

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
      .meta({ description: 'Not needed: the access token names the session' }),
  })
  .prefault({})
  .meta({ id: 'SignOut' });

export const Tokens = z
  .object({
    accessToken: z.string(),
    refreshToken: z.string().meta({ description: 'Good once: each refresh gives a new one' }),
    expiresIn: z.int().meta({ description: 'Seconds until the access token ends', example: 900 }),
  })
  .meta({ id: 'Tokens' });

export const SignedInAnswer = Tokens.extend({ user: Profile }).meta({ id: 'SignedIn' });
export const SignedUpAnswer = SignedInAnswer.extend({
  apiKey: z.string().meta({ description: 'Shown this once; kept hashed' }),
}).meta({ id: 'SignedUp' });
export const VerifiedAnswer = z.object({ user: Profile }).meta({ id: 'VerifiedUser' });

export const VerifyParams = z.strictObject({ username: Username.or(z.literal('me')), code: z.string().min(1).max(32) });
