import { z } from 'zod';
import { deriveKey } from '../secrets.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const minutes = (n: number) => n * 60_000;
const hours = (n: number) => minutes(60 * n);

/** Public in this file, so production refuses it. */
const developmentSecret = 'development-only-secret-that-everybody-knows';

const int = (fallback: number, min = 0) => z.coerce.number().int().min(min).default(fallback);
const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false', '1', '0'])
    .transform((v) => v === 'true' || v === '1')
    .default(fallback);
const list = z
  .string()
  .default('')
  .transform((v) =>
    v
      .split(',')
      .map((s) => s.trim())
      .filter(Boolean),
  );

const Env = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  HOST: z.string().default('127.0.0.1'),
  PORT: int(3000),
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  PUBLIC_URL: z.url().optional(),
  TRUST_PROXY: list,
  CORS_ORIGINS: list,
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOG_FORMAT: z.enum(['json', 'text']).default('json'),
  AUTH_SECRET: z.string().min(32).default(developmentSecret),

  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_POOL: int(10, 2),
  DATABASE_PREPARED: flag(true),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),

  S3_ENDPOINT: z.url().optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_BUCKET: z.string().optional(),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  S3_FORCE_PATH_STYLE: flag(true),

  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: z.string().default('Vitrine <no-reply@localhost>'),

  PUSH_HOSTS: list,

  DIGEST_AFTER_MS: int(minutes(10)),

  WORKER_PORT: int(0),
  IMAGE_CONCURRENCY: int(2, 1),
  VIDEO_CONCURRENCY: int(1, 1),
  EXPRESS_CONCURRENCY: int(1, 1),
  AUDIO_CONCURRENCY: int(1, 1),
  LIGHT_CONCURRENCY: int(8, 1),
  FFMPEG_PATH: z.string().optional(),
  FFPROBE_PATH: z.string().optional(),
  FFMPEG_THREADS: int(0),
  FFMPEG_MEMORY_BYTES: int(0),

  PHOTO_AVIF: flag(false),
  PHOTO_MAX_BYTES: int(40 * MiB, 1),
  PHOTO_MAX_PIXELS: int(100_000_000, 1),
  PHOTO_MAX_FRAMES: int(500, 1).pipe(z.number().max(2_000)),
  VIDEO_MAX_BYTES: int(4 * GiB, 1),
  VIDEO_MAX_DURATION_MS: int(hours(4), 1),
  VIDEO_MAX_SIDE: int(8192, 1),
  VIDEO_MAX_FPS: int(120, 1),
  MUSIC_MAX_BYTES: int(500 * MiB, 1),
  MUSIC_MAX_DURATION_MS: int(hours(6), 1),
  FILE_MAX_BYTES: int(50 * MiB, 1),
  QUOTA_DAY_BYTES: int(20 * GiB, 1),
  QUOTA_TOTAL_BYTES: int(200 * GiB, 1),
  UPLOAD_EXPIRY_MS: int(hours(24), 1),
  UNUSED_FILE_MS: int(hours(24), 1),

  FEED_FANOUT_LIMIT: int(250_000),

  AVATAR_JWT_SECRET: z.string().min(32).optional(),
  AVATAR_REDIRECT: flag(false),

  RATE_LIMIT_FACTOR: z.coerce.number().min(0).max(1_000_000).default(1),

  ACCESS_TOKEN_MS: int(minutes(15), 1),
  REFRESH_TOKEN_MS: int(30 * hours(24), 1),
  CODE_MS: int(hours(1), 1),
  MEDIA_TOKEN_MS: int(hours(1), 1),
});

/** The one tree of settings. Every module takes what it needs from here; nothing else reads `process.env`. */
export type Config = ReturnType<typeof readConfig>;

/** Lists every mistake at once, by variable name. */
export class ConfigError extends Error {
  constructor(mistakes: string[]) {
    super(`The configuration is not usable:\n${mistakes.map((m) => `  ${m}`).join('\n')}`);
  }
}

/** Reads the environment directly: the configuration itself may be invalid. */
export const wantsDetail = (source: NodeJS.ProcessEnv = process.env): boolean =>
  ['debug', 'trace'].includes(source.LOG_LEVEL ?? '');

/** @throws {ConfigError} */
export function readConfig(source: NodeJS.ProcessEnv = process.env) {
  // An empty variable (`REDIS_URL=` in an env file) means "not set".
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''));
  const parsed = Env.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`));
  const env = parsed.data;
  const mistakes = [...productionMistakes(env), ...s3Mistakes(env)];
  if (mistakes.length) throw new ConfigError(mistakes);
  return {
    env: env.NODE_ENV,
    http: {
      host: env.HOST,
      port: env.PORT,
      /** Of the API's metrics; not served without it. */
      metricsPort: env.METRICS_PORT,
      publicUrl: (env.PUBLIC_URL ?? `http://localhost:${env.PORT}`).replace(/\/$/, ''),
      trustProxy: env.TRUST_PROXY,
      corsOrigins: env.CORS_ORIGINS,
    },
    logLevel: env.LOG_LEVEL,
    logFormat: env.LOG_FORMAT,
    secret: env.AUTH_SECRET,
    /** Anybody could forge tokens with it: for development only. */
    secretIsKnown: env.AUTH_SECRET === developmentSecret,
    dataDir: env.DATA_DIR,
    database: { url: env.DATABASE_URL, pool: env.DATABASE_POOL, isPrepared: env.DATABASE_PREPARED },
    redisUrl: env.REDIS_URL,
    s3: env.S3_BUCKET
      ? {
          endpoint: env.S3_ENDPOINT,
          region: env.S3_REGION,
          bucket: env.S3_BUCKET,
          accessKeyId: env.S3_ACCESS_KEY_ID!,
          secretAccessKey: env.S3_SECRET_ACCESS_KEY!,
          forcePathStyle: env.S3_FORCE_PATH_STYLE,
        }
      : undefined,
    mail: { smtpUrl: env.SMTP_URL, from: env.MAIL_FROM },
    /** Push services besides those of browsers, and whom push services can turn to. */
    push: { hosts: env.PUSH_HOSTS, contact: `mailto:${env.MAIL_FROM.split('<').at(-1)!.replace('>', '')}` },
    /** Quiet time before notifications are mailed. */
    digestAfterMs: env.DIGEST_AFTER_MS,
    worker: {
      port: env.WORKER_PORT,
      concurrency: {
        image: env.IMAGE_CONCURRENCY,
        video: env.VIDEO_CONCURRENCY,
        express: env.EXPRESS_CONCURRENCY,
        audio: env.AUDIO_CONCURRENCY,
        social: env.LIGHT_CONCURRENCY,
        fanout: env.LIGHT_CONCURRENCY,
        mail: env.LIGHT_CONCURRENCY,
        push: env.LIGHT_CONCURRENCY,
        maintenance: 2,
      },
    },
    ffmpeg: {
      ffmpegPath: env.FFMPEG_PATH,
      ffprobePath: env.FFPROBE_PATH,
      threads: env.FFMPEG_THREADS,
      memoryBytes: env.FFMPEG_MEMORY_BYTES,
    },
    photoAvif: env.PHOTO_AVIF,
    limits: {
      photo: { maxBytes: env.PHOTO_MAX_BYTES, maxPixels: env.PHOTO_MAX_PIXELS, maxFrames: env.PHOTO_MAX_FRAMES },
      video: {
        maxBytes: env.VIDEO_MAX_BYTES,
        maxDurationMs: env.VIDEO_MAX_DURATION_MS,
        maxSide: env.VIDEO_MAX_SIDE,
        maxFps: env.VIDEO_MAX_FPS,
      },
      music: { maxBytes: env.MUSIC_MAX_BYTES, maxDurationMs: env.MUSIC_MAX_DURATION_MS },
      file: { maxBytes: env.FILE_MAX_BYTES },
    },
    quota: { dayBytes: env.QUOTA_DAY_BYTES, totalBytes: env.QUOTA_TOTAL_BYTES },
    /** Followers of an account up to which its activities are written into their timelines; beyond, each finds them. */
    feeds: { fanoutLimit: env.FEED_FANOUT_LIMIT },
    avatars: {
      /** Without a secret of its own, only `vitrine avatars token` can make tokens. */
      secret: env.AVATAR_JWT_SECRET ?? deriveKey(env.AUTH_SECRET, 'avatars').toString('base64url'),
      redirect: env.AVATAR_REDIRECT,
    },
    uploadExpiryMs: env.UPLOAD_EXPIRY_MS,
    unusedFileMs: env.UNUSED_FILE_MS,
    /** Multiplies every rate limit; 0 disables them. */
    rateLimitFactor: env.RATE_LIMIT_FACTOR,
    tokens: {
      accessMs: env.ACCESS_TOKEN_MS,
      refreshMs: env.REFRESH_TOKEN_MS,
      codeMs: env.CODE_MS,
      mediaMs: env.MEDIA_TOKEN_MS,
    },
  } as const;
}

function productionMistakes(env: z.infer<typeof Env>): string[] {
  if (env.NODE_ENV !== 'production') return [];
  return [
    ...(env.AUTH_SECRET === developmentSecret ? ['AUTH_SECRET: set your own, at least 32 characters'] : []),
    ...(env.DATABASE_URL ? [] : ['DATABASE_URL: production needs a PostgreSQL of its own']),
    ...(env.SMTP_URL ? [] : ['SMTP_URL: production needs a mail server']),
  ];
}

function s3Mistakes(env: z.infer<typeof Env>): string[] {
  const given = [env.S3_ENDPOINT, env.S3_BUCKET, env.S3_ACCESS_KEY_ID, env.S3_SECRET_ACCESS_KEY];
  if (given.every((v) => v === undefined)) return [];
  const needed = ['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;
  return needed.filter((name) => env[name] === undefined).map((name) => `${name}: needed with the other S3_* settings`);
}
