import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from '../platform/database/sql.js';
import { fileHref, SignedHrefs } from '../files/signed-hrefs.service.js';
import { isOpen, visibleTo } from '../visibility/medias.js';
import { isCharged } from '../files/rendition.entity.js';
import { refuseBeyond } from '../platform/limits/amounts.js';
import { QuotaService } from '../quota/quota.service.js';
import { Outbox } from '../platform/events/outbox.js';
import { Problem } from '../platform/http/problems.js';
import { renditionKey } from '../platform/storage/keys.js';
import { Storage } from '../platform/storage/storage.js';
import { Refused } from '../processing/accept/refusal.js';
import { readSubtitles } from '../processing/video/subtitles.js';
import type { Track } from './subtitles.schemas.js';

interface Video {
  fileId: string;
  fileUrl: string;
  open: boolean;
}

interface NewTrack {
  label: string;
  language: string;
  cues: number;
  key: string;
  bytes: number;
}

const mimeType = 'text/vtt; charset=utf-8';

/** Subtitles that a video's owner sets and deletes: one track per language, including those embedded in the file. */
@Injectable()
export class SubtitlesService {
  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly outbox: Outbox,
    private readonly signed: SignedHrefs,
    private readonly quota: QuotaService,
  ) {}

  /**
   * @returns the track, and whether the language is new
   * @throws {Problem} `content_refused`, `too_large`, `limit_reached`, `quota_exceeded`, those of `ownVideo`
   */
  async put(ownerId: string, url: string, language: string, body: Buffer): Promise<{ track: Track; created: boolean }> {
    const { fileId } = await this.ownVideo(this.em, ownerId, url);
    const { vtt, cues } = await read(body);
    const label = labelOf(language);
    const path = join(this.storage.staging, randomUUID());
    await writeFile(path, vtt);
    const key = renditionKey(fileId, `subtitles/${randomUUID()}.vtt`);
    // Before the transaction: a slow store must not hold a database connection.
    await this.storage.put(key, { path }, { contentType: mimeType });
    const track = { language, label, cues, key, bytes: Buffer.byteLength(vtt) };
    let reachedCommit = false;
    try {
      return await this.em.transactional(async (em) => {
        const answer = await this.record(em, ownerId, url, track);
        reachedCommit = true;
        return answer;
      });
    } catch (error) {
      // The commit may have succeeded in spite of the error: the object stays.
      if (!reachedCommit) await this.storage.delete(key);
      throw error;
    }
  }

  private async record(
    em: EntityManager,
    ownerId: string,
    url: string,
    { language, label, cues, key, bytes }: NewTrack,
  ) {
    // Locked, so that a concurrent deletion is waited for and seen.
    const video = await this.ownVideo(em, ownerId, url, sql`for key share of m, f`);
    const [row] = await sql<{ old_key: string | null; charge: string }>`
      insert into renditions as r (file_id, role, name, mime_type, bytes, key, facts)
        values (${video.fileId}, 'subtitles', ${language}, ${mimeType}, ${bytes}, ${key},
        ${JSON.stringify({ label, cues })})
      on conflict (file_id, role, name, mime_type) do update
        set id = uuidv7(), bytes = excluded.bytes, key = excluded.key,
        facts = excluded.facts, created_at = now()
      returning old.key as old_key,
        bytes - case when old.facts->>'embedded' = 'true' then 0 else coalesce(old.bytes, 0) end as
          charge`.all(em);
    const { old_key: oldKey, charge } = row!;
    const tracks = sql`from renditions where file_id = ${video.fileId} and role = 'subtitles'`;
    if (oldKey) await this.outbox.record('bytes.orphaned', { key: oldKey });
    else await refuseBeyond(em, 'subtitles', video.fileId, tracks);
    await this.quota.charge(ownerId, Number(charge));
    const signed = video.open ? null : this.signed.sign(video.fileUrl, ownerId);
    const href = fileHref('video', video.fileUrl, `/subtitles/${language}.vtt`, { t: signed?.t });
    const track: Track = { language, label, href, cues, ...(signed && { expiresAt: signed.expiresAt }) };
    return { track, created: oldKey === null };
  }

  async delete(ownerId: string, url: string, language: string): Promise<void> {
    await this.em.transactional(async (em) => {
      const video = await this.ownVideo(em, ownerId, url);
      const [gone] = await sql<{ key: string; charged: string }>`
        delete from renditions r where file_id = ${video.fileId} and role = 'subtitles' and name = ${language}
        returning key, case when ${isCharged} then bytes else 0 end as charged`.all(em);
      if (!gone) return;
      await this.quota.charge(ownerId, -Number(gone.charged));
      await this.outbox.record('bytes.orphaned', { key: gone.key });
    });
  }

  /** @throws {Problem} `media_not_found`, `not_yours`, `file_kind_mismatch` */
  private async ownVideo(em: EntityManager, viewer: string, url: string, lock = sql``): Promise<Video> {
    const rows = await sql<Video & { owner_id: string; type: string }>`
      select m.owner_id, m.type, f.id as "fileId", f.url as "fileUrl", ${isOpen()} as open
      from medias m join media_files mf on mf.media_id = m.id and mf.position = 0 join files f on f.id = mf.file_id
      where m.url = ${url} and ${visibleTo(viewer)} ${lock}`.all(em);
    const [media] = rows;
    if (!media) throw new Problem('media_not_found');
    if (media.owner_id !== viewer) throw new Problem('not_yours');
    if (media.type !== 'video' && media.type !== 'reel')
      throw new Problem('file_kind_mismatch', 'Only videos have subtitles.');
    return media;
  }
}

async function read(body: Buffer) {
  try {
    return await readSubtitles(body);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const code = error.code === 'too_large' ? 'too_large' : 'content_refused';
    throw new Problem(code, { detail: error.message, reason: error.code, cause: error });
  }
}

/** The language's name in that language. Extensions and private-use parts (`-u-`, `-x-`) have no name. */
function labelOf(language: string): string {
  const { baseName } = new Intl.Locale(language);
  return new Intl.DisplayNames([baseName, 'en'], { type: 'language' }).of(baseName) ?? language;
}
