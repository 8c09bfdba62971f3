import { z } from 'zod';
import { NewUsername, ProfileFields } from '../users/users.schemas.js';
import { Email, GivenPassword, NewPassword } from './auth.schemas.js';

/** Profile and credentials in one; what is not named stays. */
export const AccountEdit = ProfileFields.extend({
  username: NewUsername.optional(),
  email: Email.optional(),
  newPassword: NewPassword.optional(),
  currentPassword: GivenPassword.optional().meta({ description: 'Needed for `username`, `email`, `newPassword`' }),
}).meta({ id: 'AccountEdit' });
export type AccountEdit = z.infer<typeof AccountEdit>;

export const ResetRequestBody = z.strictObject({ email: Email }).meta({ id: 'PasswordResetRequest' });
export const ResetBody = z
  .strictObject({
    email: Email,
    code: z.string().min(1).max(32).meta({ description: 'The six digits from the mail', example: '048213' }),
    newPassword: NewPassword,
  })
  .meta({ id: 'PasswordReset' });
export type ResetBody = z.infer<typeof ResetBody>;
