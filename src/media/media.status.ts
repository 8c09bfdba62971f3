import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { Outbox } from '../platform/events/outbox.js';
import type { MediaType } from './media.entity.js';

/** Which counter of the owner a media moves while everybody can see it. */
const counters: Record<MediaType, string> = {
  photo: 'photos_count',
  video: 'videos_count',
  reel: 'videos_count',
  music: 'musics_count',
};

interface Counted {
  owner_id: string;
  type: MediaType;
  counted: boolean;
}

/** The one place where a media's status moves, and with it its owner's counters. */
@Injectable()
export class MediaStatus {
  constructor(private readonly outbox: Outbox) {}

  /**
   * Makes the status what the files' states say. It is shown once there is enough of each of them; the first time, it is
   * published.
   */
  async settle(em: EntityManager, mediaId: string): Promise<void> {
    await this.change(em, mediaId, async () => {
      const [published] = await em.execute<{ owner_id: string }[]>(
        `with before as (select id, published_at from medias where id = :id for update),
         s as (select case when bool_or(f.status = 'failed') then 'failed' when bool_and(f.status = 'ready') then 'ready'
             else 'processing' end as status, bool_and(f.playable) as shown
           from media_files mf join files f on f.id = mf.file_id where mf.media_id = :id)
         update medias m set status = s.status, shown = s.shown, updated_at = case when m.status = s.status then m.updated_at else now() end,
           published_at = case when s.shown then coalesce(m.published_at, now()) else m.published_at end
         from s, before where m.id = before.id
         returning case when before.published_at is null and m.published_at is not null then m.owner_id end as owner_id`.replaceAll(
          ':id',
          '?',
        ),
        [mediaId, mediaId],
      );
      if (published?.owner_id) await this.outbox.record('media.published', { mediaId, ownerId: published.owner_id });
    });
  }

  /** Runs a change of one media and moves the owner's counter by what it made of it. */
  async change(em: EntityManager, mediaId: string, work: () => Promise<unknown>): Promise<void> {
    const before = await this.counted(em, mediaId);
    await work();
    const after = await this.counted(em, mediaId);
    const media = before ?? after;
    const delta = Number(after?.counted ?? false) - Number(before?.counted ?? false);
    if (!media || delta === 0) return;
    const counter = counters[media.type];
    await em.execute(`update users set ${counter} = ${counter} + ? where id = ?`, [delta, media.owner_id]);
  }

  private async counted(em: EntityManager, mediaId: string): Promise<Counted | undefined> {
    const [row] = await em.execute<Counted[]>(
      `select owner_id, type, shown and visibility = 'public' as counted from medias where id = ? for update`,
      [mediaId],
    );
    return row;
  }
}
