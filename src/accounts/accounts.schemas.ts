import { z } from 'zod';
import { SignedInAnswer } from '../auth/auth.schemas.js';
import { GivenPassword, knownPassword, NewPassword, isPasswordPublic } from '../auth/passwords.schemas.js';
import { Bio, DisplayName, Locale, NewUsername, Profile, ProfileFields, Username } from '../users/users.schemas.js';

export const Email = z
  .string()
  .max(254, { abort: true })
  .pipe(z.email().regex(/^[^@]{1,64}@/, 'the part before the @ is too long'))
  .meta({ format: 'email', maxLength: 254, example: 'ada@example.org' });

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
    if (isPasswordPublic(password, account))
      context.addIssue({ code: 'custom', path: ['password'], message: knownPassword });
  })
  .meta({ id: 'SignUp' });
export type SignUpBody = z.infer<typeof SignUpBody>;

export const SignedUpAnswer = SignedInAnswer.extend({
  apiKey: z.string().meta({ description: 'Shown only once; stored as a hash' }),
}).meta({ id: 'SignedUp' });

export const VerifiedAnswer = z.object({ user: Profile }).meta({ id: 'VerifiedUser' });

export const VerifyParams = z.strictObject({ username: Username.or(z.literal('me')), code: z.string().min(1).max(32) });

/** Profile and credentials in one; fields that are not given stay. */
export const AccountEdit = ProfileFields.extend({
  username: NewUsername.optional(),
  email: Email.optional(),
  newPassword: NewPassword.optional(),
  endOtherAccess: z.boolean().optional().meta({
    description:
      'With `newPassword`: whether all other sessions, API keys and links to archives end. With `email`: whether all other sessions end. Default: `true`',
  }),
  currentPassword: GivenPassword.optional().meta({ description: 'Required for `username`, `email`, `newPassword`' }),
}).meta({ id: 'AccountEdit' });
export type AccountEdit = z.infer<typeof AccountEdit>;

export const ResetRequestBody = z.strictObject({ email: Email }).meta({ id: 'PasswordResetRequest' });
export const ResetBody = z
  .strictObject({
    email: Email.optional().meta({ description: 'With `code`' }),
    code: z.string().min(1).max(32).optional().meta({ description: 'The six digits from the mail', example: '048213' }),
    token: z.string().min(1).max(64).optional().meta({
      description:
        'What follows the `#` in the mailed address, instead of `email` and `code`: other people’s tries do not use it up',
    }),
    newPassword: NewPassword,
  })
  .refine(
    ({ email, code, token }) => (token !== undefined ? !email && !code : email && code),
    'either `token`, or `email` and `code`',
  )
  .meta({ id: 'PasswordReset' });
export type ResetBody = z.infer<typeof ResetBody>;
