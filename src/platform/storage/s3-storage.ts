import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
  NoSuchKey,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import pLimit from 'p-limit';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Config } from '../config/env.js';
import { checkFolder, checkKey } from './keys.js';
import { type ByteRange, type Listed, NotStored, type Opened, OutOfRange, Storage, StorageFull } from './storage.js';

const MiB = 1024 * 1024;
/** S3 takes 10,000 parts of one object; the largest file then has 80 GB. */
const partBytes = 8 * MiB;
/** Objects stored at once by a process. Each holds a part in memory, and another while it is sent. */
const maxPuts = 8;
const sockets = { keepAlive: true, maxSockets: 2_000 };
const fullCodes = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientCapacity']);

export const s3Client = (settings: NonNullable<Config['s3']>) =>
  new S3Client({
    endpoint: settings.endpoint,
    region: settings.region,
    forcePathStyle: settings.forcePathStyle,
    credentials: { accessKeyId: settings.accessKeyId, secretAccessKey: settings.secretAccessKey },
    // As many as there may be readers: each holds one for as long as it reads, and the default of 50 would let the 51st,
    // and every upload, wait for them.
    requestHandler: {
      httpAgent: sockets,
      httpsAgent: sockets,
      connectionTimeout: 5_000,
      // Until the store answers, not until all is read: a store that is silent must not hold its readers for ever.
      requestTimeout: 120_000,
      throwOnRequestTimeout: true,
    },
    // The default adds a CRC32 trailer in aws-chunked framing, which several S3-compatible stores refuse or, worse,
    // store as part of the object.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });

/** Any store with the S3 API. The bucket is made by the operator. */
export class S3Storage extends Storage {
  private readonly client: S3Client;
  private readonly puts = pLimit(maxPuts);
  private readonly bucket: string;

  constructor(
    settings: NonNullable<Config['s3']>,
    readonly staging: string,
  ) {
    super();
    this.client = s3Client(settings);
    this.bucket = settings.bucket;
  }

  onModuleDestroy(): void {
    this.client.destroy();
  }

  put(key: string, source: { path: string }, options: { contentType: string }): Promise<void> {
    return this.puts(() => this.putNow(key, source, options));
  }

  private async putNow(key: string, source: { path: string }, options: { contentType: string }): Promise<void> {
    const target = this.at(key);
    await stat(source.path);
    const body = createReadStream(source.path);
    try {
      await new Upload({
        client: this.client,
        params: { ...target, Body: body, ContentType: options.contentType },
        partSize: partBytes,
        queueSize: 1,
      }).done();
    } catch (error) {
      throw isFull(error) ? new StorageFull(error) : error;
    } finally {
      body.destroy();
    }
    await rm(source.path, { force: true });
  }

  async open(key: string, range?: ByteRange): Promise<Opened> {
    const Range = range && `bytes=${range.start}-${range.end ?? ''}`;
    const found = await this.client.send(new GetObjectCommand({ ...this.at(key), Range })).catch(async (error) => {
      if (statusOf(error) !== 416) throw asNotStored(error, key);
      const bytes = (await this.stat(key))?.bytes ?? 0;
      if (bytes > 0 || range?.start) throw new OutOfRange(key, bytes);
      // The store calls `bytes=0-` of an empty object unsatisfiable; here it is all there is.
      return this.client.send(new GetObjectCommand(this.at(key)));
    });
    const length = found.ContentLength ?? 0;
    return {
      stream: found.Body as Readable,
      bytes: found.ContentRange ? Number(found.ContentRange.split('/')[1]) : length,
      length,
      modifiedAt: found.LastModified ?? new Date(0),
    };
  }

  async stat(key: string) {
    try {
      const found = await this.client.send(new HeadObjectCommand(this.at(key)));
      return { bytes: found.ContentLength ?? 0, modifiedAt: found.LastModified ?? new Date(0) };
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  }

  addressOf(key: string, seconds: number): Promise<string> {
    // The same address for half of that time, so that clients need not load what they have.
    const half = Math.ceil(seconds / 2);
    const signingDate = new Date(Math.floor(Date.now() / 1000 / half) * half * 1000);
    const command = new GetObjectCommand({ ...this.at(key), ResponseCacheControl: `public, max-age=${half}` });
    return getSignedUrl(this.client, command, { signingDate, expiresIn: seconds + half });
  }

  async delete(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.at(key)));
  }

  async deletePrefix(prefix: string): Promise<void> {
    for await (const page of this.pages(checkFolder(prefix))) {
      if (page.length === 0) continue;
      const Delete = { Objects: page.map(({ key }) => ({ Key: key })), Quiet: true };
      const done = await this.client.send(new DeleteObjectsCommand({ Bucket: this.bucket, Delete }));
      const [failed] = done.Errors ?? [];
      if (failed) throw new Error(`Could not delete ${failed.Key}: ${failed.Code} ${failed.Message}`);
    }
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    for await (const page of this.pages(prefix && checkFolder(prefix))) yield* page;
  }

  async withLocalFile<T>(key: string, dir: string, use: (path: string) => Promise<T>): Promise<T> {
    const { stream } = await this.open(key);
    const path = join(dir, `${randomUUID()}.stored`);
    try {
      await pipeline(stream, createWriteStream(path, { flags: 'wx' }));
      return await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  async check(): Promise<void> {
    await this.client.send(new HeadBucketCommand({ Bucket: this.bucket }));
  }

  private at(key: string) {
    return { Bucket: this.bucket, Key: checkKey(key) };
  }

  private async *pages(prefix: string): AsyncGenerator<Listed[]> {
    const command = { Bucket: this.bucket, Prefix: prefix };
    for await (const page of paginateListObjectsV2({ client: this.client }, command))
      yield (page.Contents ?? []).map((found) => ({
        key: found.Key ?? '',
        bytes: found.Size ?? 0,
        modifiedAt: found.LastModified ?? new Date(0),
      }));
  }
}

const statusOf = (error: unknown) => (error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined);

/** A missing bucket is a 404 too, but it is no answer about the object. */
const asNotStored = (error: unknown, key: string) => (error instanceof NoSuchKey ? new NotStored(key) : error);

const isFull = (error: unknown) =>
  statusOf(error) === 507 || (error instanceof S3ServiceException && fullCodes.has(error.name));
