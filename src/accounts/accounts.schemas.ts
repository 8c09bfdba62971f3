import { z } from 'zod';
import { NewUsername, ProfileFields } from '../users/users.schemas.js';
import { Email, GivenPassword, NewPassword } from '../auth/auth.schemas.js';

/** Profile and credentials in one; what is not named stays. */
export const AccountEdit = ProfileFields.extend({
  username: NewUsername.optional(),
  email: Email.optional(),
  newPassword: NewPassword.optional(),
  endOtherAccess: z.boolean().optional().meta({
    description:
      'With `newPassword`: whether all other sessions, API keys and links to archives end. They do, unless this is `false`',
  }),
  currentPassword: GivenPassword.optional().meta({ description: 'Needed for `username`, `email`, `newPassword`' }),
}).meta({ id: 'AccountEdit' });
export type AccountEdit = z.infer<typeof AccountEdit>;

export const ResetRequestBody = z.strictObject({ email: Email }).meta({ id: 'PasswordResetRequest' });
export const ResetBody = z
  .strictObject({
    email: Email.optional().meta({ description: 'With `code`' }),
    code: z.string().min(1).max(32).optional().meta({ description: 'The six digits from the mail', example: '048213' }),
    token: z.string().min(1).max(64).optional().meta({
      description:
        'What follows the `#` in the mailed address, instead of `email` and `code`: tries of others do not spend it',
    }),
    newPassword: NewPassword,
  })
  .refine(
    ({ email, code, token }) => (token !== undefined ? !email && !code : email && code),
    'either `token`, or `email` and `code`',
  )
  .meta({ id: 'PasswordReset' });
export type ResetBody = z.infer<typeof ResetBody>;
