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
  .meta({ description: '`read` reads, `write` publishes, `account` changes credentials', example: ['read', 'write'] });

const KeyName = line(60, 1).meta({ example: 'backup script' });

export const NewApiKeyBody = z
  .strictObject({
    name: KeyName,
    scopes: Scopes.optional().meta({ description: 'Default: all of the caller’s' }),
    expiresAt: z.iso
      .datetime({ offset: true })
      .transform((time) => new Date(time))
      .refine((time) => time.getTime() > Date.now(), 'has to lie in the future')
      // In UTC, whatever the offset: PostgreSQL reads years of four digits only.
      .refine((time) => time.getUTCFullYear() <= 9999, 'has to lie before the year 10000')
      .nullable()
      .optional()
      .meta({ description: 'Default: the caller’s own; null is never', example: '2030-01-01T00:00:00Z' }),
    currentPassword: GivenPassword.optional().meta({
      description: 'Not needed within ten minutes of signing in',
    }),
  })
  .meta({ id: 'NewApiKey' });
export type NewApiKeyBody = z.infer<typeof NewApiKeyBody>;

export const RenewBody = z.strictObject({ currentPassword: GivenPassword }).meta({ id: 'RenewApiKey' });

export const ApiKeyAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().meta({ description: 'The first characters of the key', example: 'vt_Zm9vYmFyY' }),
    scopes: z.array(z.enum(scopes)),
    isDefault: z.boolean().meta({ description: 'Created with the account, or replaced since' }),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable().meta({ description: 'To the minute' }),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyAnswer = z.infer<typeof ApiKeyAnswer>;

const shownOnce = z.string().meta({ description: 'Shown only once; stored as a hash' });
export const RenewedApiKey = z.object({ apiKey: shownOnce }).meta({ id: 'RenewedApiKey' });
export const MintedApiKey = ApiKeyAnswer.extend({ apiKey: shownOnce }).meta({ id: 'MintedApiKey' });
export const ApiKeyPage = page(ApiKeyAnswer).meta({ id: 'ApiKeyPage' });
export const ApiKeyParam = z.strictObject({ id: z.uuid() });
