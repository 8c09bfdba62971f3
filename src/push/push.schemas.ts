import { ECDH } from 'node:crypto';
import { z } from 'zod';

/** A public key and a secret of the browser (RFC 8291): 65 and 16 bytes, base64url, with or without padding. */
const base64url = (bytes: number) =>
  z
    .string()
    .max(100, { abort: true })
    .regex(/^[A-Za-z0-9_-]+={0,2}$/)
    .transform((text) => text.replace(/={1,2}$/, ''))
    .refine((text) => Buffer.from(text, 'base64url').length === bytes, `not ${bytes} bytes in base64url`);

function isPoint(text: string): boolean {
  try {
    ECDH.convertKey(Buffer.from(text, 'base64url'), 'prime256v1');
    return true;
  } catch {
    return false;
  }
}

const Endpoint = z
  .string()
  .max(1_000, { abort: true })
  .pipe(z.url({ protocol: /^https$/ }))
  // As it was understood, so that nothing else is called than what was checked.
  .transform((text) => new URL(text).href)
  .pipe(z.string().max(1_000))
  .meta({ format: 'uri', maxLength: 1_000 });

export const SubscribeBody = z
  .strictObject({
    endpoint: Endpoint,
    expirationTime: z.number().nullable().optional(),
    keys: z.strictObject({ p256dh: base64url(65).refine(isPoint, 'not a point of P-256'), auth: base64url(16) }),
  })
  .meta({ id: 'PushSubscription', description: 'As `PushSubscription.toJSON()` of the browser gives it' });
export type SubscribeBody = z.infer<typeof SubscribeBody>;
export const UnsubscribeBody = z.strictObject({ endpoint: Endpoint }).meta({ id: 'PushEndpoint' });

export const PushKey = z
  .object({ key: z.string().meta({ description: 'For `applicationServerKey`: P-256, base64url' }) })
  .meta({ id: 'PushKey' });
