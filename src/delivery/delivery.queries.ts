import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import type { FileKind, FileStatus } from '../files/file.entity.js';
import type { RenditionRole } from '../files/rendition.entity.js';
import type { Place } from '../users/users.schemas.js';
import type { Segment } from '../processing/video/hls.js';
import { sentTo } from '../visibility/chats.js';
import { commentVisibleTo } from '../visibility/comments.js';
import { isOpen, visibleTo } from '../visibility/medias.js';
import type { ViewerId } from '../visibility/relations.js';
import { isActive, isNamed } from '../visibility/accounts.js';

export interface Deliverable {
  id: string;
  url: string;
  kind: FileKind;
  status: FileStatus;
  mine: boolean;
  /** Anybody with the address may read it. */
  open: boolean;
  filename: string;
  sourceKey: string;
  sourceType: string;
  sourceBytes: number;
  durationMs: number | null;
  updatedAt: Date;
  renditions: StoredRendition[];
}

export interface StoredRendition {
  id: string;
  role: RenditionRole;
  name: string;
  mimeType: string;
  width: number | null;
  height: number | null;
  bytes: number;
  key: string;
  createdAt: Date;
  /** Codecs and rates, for playlists only. */
  facts: Record<string, unknown> | null;
  /** Loaded for the rendition whose playlist is requested, and for those stored without rates. */
  segments: Segment[] | null;
}

type Row = Omit<Deliverable, 'updatedAt' | 'renditions' | 'sourceBytes'> & {
  updatedAt: string;
  sourceBytes: string;
  renditions: (Omit<StoredRendition, 'createdAt'> & { createdAt: string })[];
};

/** Rendition columns to read besides those that every answer needs. */
export interface Needs {
  facts?: boolean;
  /** Name of the rendition whose segments are listed. */
  segmentsOf?: string | null;
}

@Injectable()
export class DeliveryQueries {
  constructor(private readonly em: EntityManager) {}

  /**
   * A file and its renditions of the given roles, if the viewer owns it, or may see the media, comment or message that shows it.
   * @param needs for playlists only
   */
  async find(
    viewer: ViewerId,
    kind: FileKind,
    url: string,
    roles: RenditionRole[],
    needs: Needs,
  ): Promise<Deliverable | null> {
    const mine = viewer === null ? sql`false` : sql`f.owner_id = ${viewer}`;
    const rows = await sql<Row>`
      select ${columns(roles, needs)}, ${mine} as mine, coalesce(${isOpen()} or ${isOpen('cm')}, false) as open
      from files f
      left join media_files mf on mf.file_id = f.id
      left join medias m on m.id = mf.media_id
      left join comments c on c.attachment_id = f.id
      left join medias cm on cm.id = c.media_id
      where f.url = ${url} and f.kind = ${kind} and (${mine} or ${visibleTo(viewer)}
        or ${commentVisibleTo(viewer, 'c', 'cm')} or ${sentTo(viewer)})
        and (${viewer}::uuid is null
          or exists (select 1 from users u where u.id = ${viewer} and ${isActive()}))`.all(this.em);
    return rows[0] ? toDeliverable(rows[0]) : null;
  }

  /** The photo of a profile, with its squares and, for a channel, its sizes: all of them are public. */
  async ofProfile(username: string, place: Place): Promise<Deliverable | null> {
    const roles: RenditionRole[] = place === 'profile' ? ['square'] : ['square', 'image'];
    const rows = await sql<Row>`
      select ${columns(roles, {})}, false as mine, true as open
      from users u join files f on f.id = ${sql.ident('u', `${place}_photo_id`)}
      where ${isNamed(username)} and ${isActive()}`.all(this.em);
    return rows[0] ? toDeliverable(rows[0]) : null;
  }
}

/** Columns of a file `f`. */
const columns = (roles: RenditionRole[], { facts = false, segmentsOf = null }: Needs) => sql`
  f.id, f.url, f.kind, f.status, f.filename, f.source_key as "sourceKey", f.mime_type as "sourceType", f.bytes as "sourceBytes",
  f.duration_ms as "durationMs", f.updated_at as "updatedAt",
  (select coalesce(json_agg(json_build_object('id', r.id, 'role', r.role, 'name', r.name, 'mimeType', r.mime_type, 'width', r.width,
      'height', r.height, 'bytes', r.bytes, 'key', r.key, 'createdAt', r.created_at,
      'facts', case when ${facts} then r.facts end,
      'segments', case when r.name = ${segmentsOf} or (${facts} and r.facts->'bandwidth' is null) then r.segments end)
      order by r.width nulls last, r.bytes), '[]')
    from renditions r where r.file_id = f.id and r.role in (${sql.join(roles)})) as renditions`;

const toDeliverable = (row: Row): Deliverable => ({
  ...row,
  sourceBytes: Number(row.sourceBytes),
  updatedAt: new Date(row.updatedAt),
  renditions: row.renditions.map((r) => ({ ...r, createdAt: new Date(r.createdAt) })),
});
