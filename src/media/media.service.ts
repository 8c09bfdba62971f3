import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { deleteBelow } from '../platform/database/below.js';
import { retryOnDeadlock } from '../platform/database/retry-on-deadlock.js';
import { sql } from '../platform/database/sql.js';
import { MovedCounts } from '../counters/moved-counts.service.js';
import type { FileKind, FileStatus } from '../files/file.entity.js';
import { FilesService } from '../files/files.service.js';
import { MentionsService } from '../mentions/mentions.service.js';
import { slug } from '../platform/database/slug.js';
import { Problem } from '../platform/http/problems.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import { TagsService } from '../tags/tags.service.js';
import { Outbox } from '../platform/events/outbox.js';
import type { MediaType, Visibility } from './media.entity.js';
import { belowMedias } from './media.personal-data.js';
import { MediaReader } from './media-reader.service.js';
import type { EditBody, MediaAnswer, PublishBody } from './media.schemas.js';
import { MediaStatus } from './media.status.js';
import { visibleTo } from '../visibility/medias.js';
import type { ViewerId } from '../visibility/relations.js';

const kindOf: Record<MediaType, FileKind> = { photo: 'photo', video: 'video', reel: 'video', music: 'music' };

interface OwnFile {
  id: string;
  url: string;
  kind: FileKind;
  status: FileStatus;
  width: number | null;
  height: number | null;
  used: boolean;
}

@Injectable()
export class MediaService {
  constructor(
    private readonly em: EntityManager,
    private readonly reader: MediaReader,
    private readonly files: FilesService,
    private readonly tags: TagsService,
    private readonly mentions: MentionsService,
    private readonly status: MediaStatus,
    private readonly outbox: Outbox,
    private readonly moved: MovedCounts,
  ) {}

  async read(viewer: ViewerId, url: string): Promise<MediaAnswer> {
    const media = await this.reader.byUrl(viewer, url);
    if (!media) throw new Problem('media_not_found');
    return media;
  }

  /** Files may still be processing: the media is published when there is enough of each to show. */
  async publish(
    ownerId: string,
    { type, files: urls, title, description, visibility, tags }: PublishBody,
  ): Promise<MediaAnswer> {
    const url = slug();
    await this.em.transactional(async (em) => {
      const files = await this.lockFiles(em, ownerId, urls);
      for (const file of files) checkFile(type, file);
      const [media] = await sql<{ id: string }>`
        insert into medias (url, owner_id, type, title, description, visibility)
          values (${url}, ${ownerId}, ${type}, ${title}, ${description}, ${visibility}) returning id`.all(em);
      await refuseBeyond(em, 'medias', ownerId, sql`from medias where owner_id = ${ownerId}`);
      for (const [position, file] of files.entries()) {
        await sql`
          insert into media_files (media_id, position, file_id) values (${media!.id}, ${position}, ${file.id})`.all(em);
      }
      await sql`update files set unused_since = null where id = any(${files.map(({ id }) => id)}::uuid[])`.all(em);
      await this.tags.set(em, media!.id, tags);
      await this.mentions.ofMedia(em, media!.id, ownerId, title, description);
      await this.status.settle(em, media!.id);
    });
    return this.read(ownerId, url);
  }

  async edit(ownerId: string, url: string, body: EditBody): Promise<MediaAnswer> {
    const { title, description, visibility, tags } = body;
    const id = await this.em.transactional(async (em) => {
      const media = await this.ownMedia(em, ownerId, url);
      if (Object.keys(body).length === 0) return media.id;
      const [said] = await sql<{ title: string; description: string }>`
        update medias set title = coalesce(${title ?? null}, title), description = coalesce(${description ?? null},
          description), updated_at = now()
        where id = ${media.id} returning title, description`.all(em);
      const isReworded = title !== undefined || description !== undefined;
      if (tags || isReworded) await this.tags.set(em, media.id, tags);
      if (isReworded) await this.mentions.ofMedia(em, media.id, ownerId, said!.title, said!.description);
      // Last, because of the lock order: it moves the counters of the tags, which are locked by now, and then the
      // owner's.
      if (visibility) await this.setVisibility(em, media.id, ownerId, visibility);
      return media.id;
    });
    if (visibility) this.moved.ofMedia(id);
    return this.read(ownerId, url);
  }

  /** A media that more people may find than before is published to them now. */
  private async setVisibility(em: EntityManager, mediaId: string, ownerId: string, visibility: Visibility) {
    const [changed] = await sql<{ isPublished: boolean }>`
      update medias set visibility = ${visibility} where id = ${mediaId}
      returning shown and reach_of(visibility) > reach_of(old.visibility) as "isPublished"`.all(em);
    if (changed?.isPublished) await this.outbox.record('media.published', { mediaId, ownerId });
  }

  /** Deletes the media and its files: rows now, bytes by jobs. */
  async delete(ownerId: string, url: string): Promise<void> {
    const id = await retryOnDeadlock(() =>
      this.em.transactional(async (em) => {
        const media = await this.ownMedia(em, ownerId, url);
        // Files before their owner, whose counters move: the lock order everywhere.
        const files = await sql<{ file_id: string }>`
          select f.id as file_id from media_files mf join files f on f.id = mf.file_id
            where mf.media_id = ${media.id} order by f.id for update of f`.all(em);
        while (await deleteBelow(em, belowMedias, [media.id]));
        await sql`delete from medias where id = ${media.id}`.all(em);
        await this.files.deleteRows(
          em,
          files.map((file) => file.file_id),
        );
        return media.id;
      }),
    );
    this.moved.ofMedia(id);
  }

  /** @returns whether the tag was added */
  tag(ownerId: string, url: string, name: string): Promise<boolean> {
    return this.em.transactional(async (em) => this.tags.add(em, (await this.ownMedia(em, ownerId, url)).id, name));
  }

  async untag(ownerId: string, url: string, name: string): Promise<void> {
    await this.em.transactional(async (em) => this.tags.remove(em, (await this.ownMedia(em, ownerId, url)).id, name));
  }

  /**
   * Locks the row.
   * @throws {Problem} `media_not_found` if it can't be seen, `not_yours` if it can
   */
  private async ownMedia(em: EntityManager, viewer: string, url: string): Promise<{ id: string }> {
    const rows = await sql<{ id: string; owner_id: string }>`
      select m.id, m.owner_id from medias m where m.url = ${url} and ${visibleTo(viewer)} for update of m`.all(em);
    const [media] = rows;
    if (!media) throw new Problem('media_not_found');
    if (media.owner_id !== viewer) throw new Problem('not_yours');
    return media;
  }

  /** Returns them in the order of `urls`, but locks in the order of ids, so that two requests can't deadlock. */
  private async lockFiles(em: EntityManager, ownerId: string, urls: string[]): Promise<OwnFile[]> {
    const rows = await sql<Omit<OwnFile, 'used'>>`
      select f.id, f.url, f.kind, f.status, f.width, f.height
      from files f where f.owner_id = ${ownerId} and f.url = any(${urls}::text[])
        order by f.id for update of f`.all(em);
    const ids = rows.map(({ id }) => id);
    // Queried under the locks, so that a media or comment committed meanwhile is seen. Profiles may show them, too.
    const used = await sql<{ file_id: string }>`
      select file_id from media_files where file_id = any(${ids}::uuid[])
      union all select attachment_id from comments where attachment_id = any(${ids}::uuid[])`.all(em);
    return urls.map((url) => {
      const file = rows.find((row) => row.url === url);
      if (!file) throw new Problem('file_not_found', `None of your files has the url ${url}.`);
      return { ...file, used: used.some((row) => row.file_id === file.id) };
    });
  }
}

function checkFile(type: MediaType, { url, kind, status, used, width, height }: OwnFile): void {
  if (kind !== kindOf[type])
    throw new Problem('file_kind_mismatch', `A ${type} is made of a ${kindOf[type]} file; ${url} is a ${kind}.`);
  if (used) throw new Problem('file_in_use', `${url} belongs to another media, or to a comment.`);
  if (status === 'failed')
    throw new Problem('file_failed', `${url} failed: see GET files/${url}, and retry or upload it again.`);
  if (type === 'reel' && width !== null && height !== null && width >= height) {
    throw new Problem('file_kind_mismatch', `A reel is a vertical video; ${url} is ${width} × ${height}.`);
  }
}
