import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Tools } from '../files/tools.service.js';
import { Outbox } from '../platform/events/outbox.js';
import { renditionKey } from '../platform/storage/keys.js';
import { Storage } from '../platform/storage/storage.js';
import { embeddedSize, embedPicture, type AudioFile } from '../processing/audio/m4a.js';
import { withWorkspace } from '../processing/run/workspace.js';
import { sql } from '../platform/database/sql.js';

/** A download, and the picture to embed in it: null for none. */
interface Wish {
  embedId: string;
  pictureId: string | null;
  pictureKey: string | null;
  durationMs: number;
  downloadId: string;
  downloadKey: string;
  bytes: string;
}

/**
 * Embeds the picture that is shown into the download. The wish is stored in the file's row until the download has the
 * picture. A run whose wish was replaced meanwhile deletes what it stored.
 */
@Injectable()
export class EmbeddingService {
  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly tools: Tools,
  ) {}

  async embed(fileId: string, signal: AbortSignal): Promise<void> {
    const wish = await this.wishOf(fileId);
    if (!wish) return; // Deleted, or done by another run.
    await withWorkspace(this.tools.workRoot, fileId, async (dir) => {
      const made = await this.make(wish, dir, signal);
      const key = renditionKey(fileId, `${randomUUID()}/download.m4a`);
      try {
        await this.storage.put(key, { path: made.path }, { contentType: made.mimeType });
        signal.throwIfAborted();
        if (!(await this.commit(fileId, wish, made, key))) await this.storage.delete(key);
      } catch (error) {
        await this.storage.delete(key);
        throw error;
      }
    });
  }

  /** Drops the wish; the download is unchanged. */
  async giveUp(fileId: string): Promise<void> {
    await sql`update files set embed_id = null where id = ${fileId}`.all(this.em);
  }

  private async wishOf(fileId: string): Promise<Wish | undefined> {
    const [wish] = await sql<Wish>`
      select f.embed_id as "embedId", f.picture->>'id' as "pictureId", f.duration_ms as "durationMs", d.id as
        "downloadId",
        d.key as "downloadKey", d.bytes, (select r.key from renditions r where r.file_id = f.id
          and r.role = case when f.picture is null then 'cover' else 'picture' end and r.name = ${embeddedSize.name}
            and r.mime_type = ${embeddedSize.mimeType}) as "pictureKey"
      from files f join renditions d on d.file_id = f.id and d.role = 'download' where f.id = ${fileId}
        and f.embed_id is not null`.all(this.em);
    return wish;
  }

  private async make(wish: Wish, dir: string, signal: AbortSignal): Promise<AudioFile> {
    const { downloadKey, pictureKey, durationMs, bytes } = wish;
    const context = {
      binaries: await this.tools.binaries(),
      threads: this.tools.threads,
      budget: this.tools.budgetOf({ durationMs, pixels: 0, bytes: Number(bytes) }),
      signal,
    };
    return this.storage.withLocalFile(downloadKey, dir, (m4a) => {
      if (pictureKey === null) return embedPicture(m4a, null, dir, context);
      return this.storage.withLocalFile(pictureKey, dir, (jpeg) => embedPicture(m4a, jpeg, dir, context));
    });
  }

  /** @returns false if the wish was replaced meanwhile */
  private commit(fileId: string, wish: Wish, { bytes, bitrate }: AudioFile, key: string): Promise<boolean> {
    return this.em.transactional(async (em) => {
      const wished = await sql<{ id: string }>`
        update files set embed_id = null where id = ${fileId} and embed_id = ${wish.embedId} returning id`.all(em);
      if (!wished.length) return false;
      const facts = wish.pictureId === null ? {} : { picture: wish.pictureId };
      const [replaced] = await sql<{ old_key: string }>`
        update renditions set id = uuidv7(), bytes = ${bytes}, bitrate = ${bitrate}, key = ${key}, facts =
          ${JSON.stringify(facts)}, created_at = now()
        where id = ${wish.downloadId} returning old.key as old_key`.all(em);
      if (!replaced) throw new Error('the download was replaced meanwhile');
      await this.outbox.record('bytes.orphaned', { key: replaced.old_key });
      return true;
    });
  }
}
