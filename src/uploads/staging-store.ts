import { FileStore } from '@tus/file-store';
import { Upload } from '@tus/server';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { announcedChecksum, verified } from './checksum.js';
import { hashOf, writeProblem } from '../platform/http/receive.js';
import { RunningHashes } from './running-hashes.js';
import type { UploadRecords } from './upload-records.js';

/** Partial files on local disk. Their metadata is in the `uploads` row and nowhere else. */
export class StagingStore extends FileStore {
  private readonly hashes = new RunningHashes();

  constructor(
    directory: string,
    private readonly records: UploadRecords,
    expiryMs: number,
  ) {
    super({
      directory,
      expirationPeriodInMilliseconds: expiryMs,
      configstore: {
        get: async (id) => {
          const record = await records.find(id);
          return record && toUpload(record, 0);
        },
        set: async () => {}, // The row exists before the bytes.
        delete: async (id) => records.remove(id),
      },
    });
    // No creation-defer-length: an upload of unknown length can't be charged before its first byte.
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration', 'checksum'];
  }

  pathOf(id: string): string {
    return join(this.directory, id);
  }

  /**
   * A settled upload has no bytes here any more, but counts as complete: a client that lost the last answer may ask.
   */
  override async getUpload(id: string): Promise<Upload> {
    const record = await this.records.find(id);
    return record?.state === 'settled' ? toUpload(record, record.bytes) : super.getUpload(id);
  }

  override async write(body: Readable, id: string, offset: number): Promise<number> {
    // A PATCH at the end of a finished upload has no bytes, and there is no file to write to.
    if ((await this.records.find(id))?.state === 'settled') return offset;
    const checksum = announcedChecksum.getStore();
    return this.hashes.follow(id, offset, body, (hashed) =>
      verified(checksum, this.pathOf(id), offset, hashed, (stream) => super.write(stream, id, offset)),
    );
  }

  /** SHA-256 of a complete upload, hex. */
  async sha256(id: string, bytes: number): Promise<string> {
    return this.hashes.take(id, bytes) ?? hashOf(this.pathOf(id));
  }

  /** If the file can't be created, the quota is refunded. */
  override async create(upload: Upload): Promise<Upload> {
    try {
      return await super.create(upload);
    } catch (error) {
      await this.records.remove(upload.id);
      throw writeProblem(error as Error);
    }
  }

  override async remove(id: string): Promise<void> {
    this.hashes.forget(id);
    await rm(this.pathOf(id), { force: true });
    await this.records.remove(id);
  }
}

const toUpload = (
  {
    id,
    bytes,
    filename,
    kind,
    createdAt,
  }: { id: string; bytes: number; filename: string; kind: string; createdAt: Date },
  offset: number,
) => new Upload({ id, size: bytes, offset, metadata: { filename, kind }, creation_date: createdAt.toISOString() });
