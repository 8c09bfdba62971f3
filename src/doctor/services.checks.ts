import { createTransport } from 'nodemailer';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { checkKey } from '../platform/storage/keys.js';
import { openStorage } from '../platform/storage/storage.module.js';
import { broken, ok, warning, type Check } from './check.js';

const storage: Check = {
  name: 'storage',
  remedy: 'Check DATA_DIR and its permissions, or the S3_* settings and what the key may do in the bucket.',
  run: async (config) => {
    const store = await openStorage(config);
    await store.check();
    const key = checkKey(`doctor/${randomUUID()}`);
    const path = join(store.staging, randomUUID());
    await writeFile(path, key);
    const begun = performance.now();
    try {
      await store.put(key, { path }, { contentType: 'text/plain' });
      const { stream } = await store.open(key);
      if ((await text(stream)) !== key) return [broken('answers other bytes than were stored', storage.remedy)];
    } finally {
      await store.delete(key);
    }
    if (await store.stat(key)) return [broken('does not delete', storage.remedy)];
    const where = config.s3 ? `bucket ${config.s3.bucket}` : `folder ${join(config.dataDir, 'storage')}`;
    return [ok(`${where}: wrote, read and deleted in ${(performance.now() - begun).toFixed(0)} ms`)];
  },
};

const mail: Check = {
  name: 'mail',
  remedy: 'Check SMTP_URL: host, port, smtp or smtps, and its user and password.',
  run: async ({ mail: { smtpUrl, from } }) => {
    if (!smtpUrl)
      return [
        warning('SMTP_URL is not set', '`npm start` has an inbox of its own; elsewhere nobody can verify an address.'),
      ];
    const transport = createTransport({ url: smtpUrl, connectionTimeout: 5_000, greetingTimeout: 5_000 });
    try {
      await transport.verify();
      return [ok(`the server takes mail from ${from}`)];
    } finally {
      transport.close();
    }
  },
};

const settings: Check = {
  name: 'settings',
  remedy: 'See .env.example for every setting.',
  run: async ({ env, http, secretIsKnown, rateLimitFactor }) => {
    const isReal = env === 'production';
    return [
      isReal
        ? ok('production')
        : warning(`NODE_ENV is ${env}`, 'Set NODE_ENV=production where others use the service.'),
      ...(secretIsKnown
        ? [broken('AUTH_SECRET is the one from the source', 'Set one of your own: openssl rand -base64 32')]
        : []),
      ...(isReal && /^https?:\/\/localhost\b/.test(http.publicUrl)
        ? [
            warning(
              `PUBLIC_URL is ${http.publicUrl}`,
              'Set it to the address that clients use: links in mails begin with it.',
            ),
          ]
        : []),
      ...(isReal && !http.publicUrl.startsWith('https:')
        ? [
            warning(
              'PUBLIC_URL is not https',
              'Put a proxy with TLS in front; passwords and tokens travel in plain text.',
            ),
          ]
        : []),
      ...(rateLimitFactor === 0
        ? [warning('RATE_LIMIT_FACTOR is 0', 'Nothing limits guesses, sign-ups and uploads: remove it.')]
        : []),
    ];
  },
};

export const serviceChecks = [settings, storage, mail];
