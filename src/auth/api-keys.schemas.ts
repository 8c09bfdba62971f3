import { z } from 'zod';
import { page } from '../platform/http/page.js';
import { line } from '../platform/http/text-fields.js';
import { scopes } from '../platform/http/viewer.js';
import { GivenPassword } from './passwords.schemas.js';

const Scopes = z
  .array(z.enum(scopes))
  .min(1)
  .max(scopes.length)
  .transform((named) => scopes.filter((scope) => named.includes(scope)))
  .meta({ description: '`read` looks, `write` publishes, `account` changes credentials', example: ['read', 'write'] });

const KeyName = line(60, 1).meta({ example: 'backup script' });

export const NewApiKeyBody = z
  .strictObject({
    name: KeyName,
    scopes: Scopes.optional().meta({ description: 'All of the caller’s, if left out' }),
    expiresAt: z.iso
      .datetime({ offset: true })
      .transform((time) => new Date(time))
      .refine((time) => time.getTime() > Date.now(), 'has to lie in the future')
      // Whatever the offset: later ones have no four digits in UTC, and PostgreSQL reads no others.
      .refine((time) => time.getUTCFullYear() <= 9999, 'has to lie before the year 10000')
      .nullable()
      .optional()
      .meta({ description: 'The caller’s own, if left out; null is never', example: '2030-01-01T00:00:00Z' }),
    currentPassword: GivenPassword.optional().meta({
      description: 'Not needed in a session whose sign-in is less than ten minutes ago',
    }),
  })
  .meta({ id: 'NewApiKey' });
export type NewApiKeyBody = z.infer<typeof NewApiKeyBody>;

export const RenewBody = z.strictObject({ currentPassword: GivenPassword }).meta({ id: 'RenewApiKey' });

export const ApiKeyAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().meta({ description: 'What the key begins with', example: 'vt_Zm9vYmFyY' }),
    scopes: z.array(z.enum(scopes)),
    isDefault: z.boolean().meta({ description: 'The one that came with the account, or replaced it' }),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable().meta({ description: 'Exact to a minute' }),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyAnswer = z.infer<typeof ApiKeyAnswer>;

const shownOnce = z.string().meta({ description: 'Shown this once; kept hashed' });
export const RenewedApiKey = z.object({ apiKey: shownOnce }).meta({ id: 'RenewedApiKey' });
export const MintedApiKey = ApiKeyAnswer.extend({ apiKey: shownOnce }).meta({ id: 'MintedApiKey' });
export const ApiKeyPage = page(ApiKeyAnswer).meta({ id: 'ApiKeyPage' });
export const ApiKeyParam = z.strictObject({ id: z.uuid() });
