import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { sql } from '../platform/database/sql.js';
import type { FileKind, FileStatus, Picture } from '../files/file.entity.js';
import { FilesService, requireReady } from '../files/files.service.js';
import { Rendition } from '../files/rendition.entity.js';
import type { MediaAnswer } from '../media/media.schemas.js';
import { MediaService } from '../media/media.service.js';
import { visibleTo } from '../visibility/medias.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import { fileFolder, renditionKey } from '../platform/storage/keys.js';
import { NotStored, Storage } from '../platform/storage/storage.js';

interface Target {
  mediaId: string;
  fileId: string;
  fileUrl: string;
  kind: FileKind;
  status: FileStatus;
}
interface Size {
  name: string;
  mimeType: string;
  width: number;
  height: number;
  bytes: number;
  key: string;
}

/** Pictures that owners choose for their videos and music: copies of photos, kept beside the renditions. */
@Injectable()
export class CoversService {
  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly files: FilesService,
    private readonly medias: MediaService,
  ) {}

  /** @throws {Problem} as `own` and `FilesService.readyPhoto` */
  async put(ownerId: string, url: string, photoUrl: string): Promise<MediaAnswer> {
    const { fileId, fileUrl, status } = await this.own(this.em, ownerId, url);
    requireReady(fileUrl, status);
    const { id: photoId, placeholder, color } = await this.files.readyPhoto(this.em, ownerId, photoUrl);
    const id = randomUUID();
    const folder = `${fileFolder(fileId)}pictures/${id}/`;
    try {
      // Before the transaction: a slow store must not hold a connection to the database.
      const sizes = await this.copy(photoId, fileId, id);
      await this.em.transactional(async (em) => {
        const target = await this.own(em, ownerId, url);
        requireReady(fileUrl, target.status);
        await this.replace(em, target, { id, placeholder, color });
        await em.insertMany(
          Rendition,
          sizes.map((size) => ({ file: fileId, role: 'picture' as const, ...size })),
        );
      });
    } catch (error) {
      await this.storage.deletePrefix(folder);
      if (error instanceof NotStored) throw new Problem('file_processing', `${photoUrl} is just being made anew.`);
      throw error;
    }
    return this.medias.read(ownerId, url);
  }

  /** What came with the file is still there, and shown again. */
  async delete(ownerId: string, url: string): Promise<void> {
    await this.em.transactional(async (em) => this.replace(em, await this.own(em, ownerId, url), null));
  }

  /** Without the sizes of the new picture. Nothing happens where there is none, and none is wanted. */
  private async replace(em: EntityManager, { fileId, mediaId, kind }: Target, picture: Picture | null): Promise<void> {
    const changed = await sql<{ id: string }>`
      update files set picture = ${picture && JSON.stringify(picture)}, embed_id = case when kind = 'music' then
        uuidv7() end, updated_at = now()
      where id = ${fileId} and (picture is not null or ${picture !== null}) returning id`.all(em);
    if (!changed.length) return;
    await sql`update medias set updated_at = now() where id = ${mediaId}`.all(em);
    const gone = await sql<{ key: string }>`
      delete from renditions where file_id = ${fileId} and role = 'picture' returning key`.all(em);
    for (const { key } of gone) await this.outbox.record('bytes.orphaned', { key });
    if (kind === 'music') await this.outbox.record('file.pictured', { fileId });
  }

  private async copy(photoId: string, fileId: string, pictureId: string): Promise<Size[]> {
    const sizes = await sql<Size>`
      select name, mime_type as "mimeType", width, height, bytes::int, key from renditions
      where file_id = ${photoId} and role = 'image' and name <> 'original'`.all(this.em);
    return Promise.all(
      sizes.map(async (size) => {
        const key = renditionKey(fileId, `pictures/${pictureId}/${basename(size.key)}`);
        await this.copyBytes(size, key);
        return { ...size, key };
      }),
    );
  }

  private async copyBytes({ key: from, mimeType }: Size, to: string): Promise<void> {
    const path = join(this.storage.staging, randomUUID());
    try {
      const { stream } = await this.storage.open(from);
      await pipeline(stream, createWriteStream(path));
      await this.storage.put(to, { path }, { contentType: mimeType });
    } finally {
      await rm(path, { force: true });
    }
  }

  /** In a transaction the media is locked. @throws {Problem} `media_not_found`, `not_yours`, `file_kind_mismatch` */
  private async own(em: EntityManager, viewer: string, url: string): Promise<Target> {
    const rows = await sql<Target & { ownerId: string }>`
      select m.id as "mediaId", m.owner_id as "ownerId", f.id as "fileId", f.url as "fileUrl", f.kind, f.status
      from medias m join media_files mf on mf.media_id = m.id and mf.position = 0 join files f on f.id = mf.file_id
      where m.url = ${url} and ${visibleTo(viewer)} for update of m, f`.all(em);
    const [media] = rows;
    if (!media) throw new Problem('media_not_found');
    if (media.ownerId !== viewer) throw new Problem('not_yours');
    if (media.kind === 'photo') throw new Problem('file_kind_mismatch', 'A photo is its own picture.');
    return media;
  }
}
