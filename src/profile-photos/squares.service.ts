import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { FilesService } from '../files/files.service.js';
import { Rendition } from '../files/rendition.entity.js';
import { Tools } from '../files/tools.service.js';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { fileFolder, renditionKey } from '../platform/storage/keys.js';
import { Storage } from '../platform/storage/storage.js';
import { deriveSquares, type Square } from '../processing/image/squares.js';
import { withWorkspace } from '../processing/run/workspace.js';
import type { Place } from '../users/users.schemas.js';
import { sql } from '../platform/database/sql.js';

interface Wish {
  id: string;
  user_id: string;
  file_id: string;
  place: Place;
  /** Object of the photo without its metadata; null if its renditions are gone. */
  key: string | null;
  made: boolean;
}
type Stored = Omit<Square, 'path'> & { key: string };

/**
 * Makes the squares of a chosen photo if needed, and lets the profile show it. Does nothing if another photo was chosen
 * since.
 */
@Injectable()
export class SquaresService {
  constructor(
    private readonly em: EntityManager,
    private readonly storage: Storage,
    private readonly files: FilesService,
    private readonly tools: Tools,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async fulfil(wishId: string, signal: AbortSignal): Promise<void> {
    const wish = await this.find(wishId);
    if (!wish) return; // Replaced by another choice, or done by another run.
    const folder = `${fileFolder(wish.file_id)}squares/${randomUUID()}/`;
    const squares = wish.made ? [] : await this.store(wish, folder, signal);
    let used = false;
    try {
      used = await this.commit(wish, squares);
    } finally {
      if (squares.length && !used) await this.storage.deletePrefix(folder);
    }
  }

  /** Drops the choice; the profile is unchanged. */
  giveUp(wishId: string): Promise<void> {
    return this.em.transactional(async (em) => {
      const [gone] = await sql<{ file_id: string }>`
        delete from photo_wishes where id = ${wishId} returning file_id`.all(em);
      if (gone) await this.files.release(em, gone.file_id);
    });
  }

  private async find(wishId: string): Promise<Wish | undefined> {
    const [wish] = await sql<Wish>`
      select w.id, w.user_id, w.file_id, w.place,
        exists (select 1 from renditions r where r.file_id = w.file_id and r.role = 'square') as made,
        (select r.key from renditions r where r.file_id = w.file_id and r.role = 'image'
          and r.name = 'original') as key
      from photo_wishes w where w.id = ${wishId}`.all(this.em);
    return wish;
  }

  private store({ file_id, key }: Wish, folder: string, signal: AbortSignal): Promise<Stored[]> {
    if (key === null) throw new Error('the photo has no original');
    return withWorkspace(this.tools.workRoot, file_id, async (dir) => {
      const { maxPixels } = this.config.limits.photo;
      const squares = await this.storage.withLocalFile(key, dir, (input) =>
        deriveSquares(input, dir, maxPixels, signal),
      );
      const stored: Stored[] = [];
      for (const { path, ...square } of squares) {
        signal.throwIfAborted();
        const to = renditionKey(file_id, folder.slice(fileFolder(file_id).length) + basename(path));
        await this.storage.put(to, { path }, { contentType: square.mimeType });
        stored.push({ ...square, key: to });
      }
      return stored;
    });
  }

  /** @returns whether the new squares are in use now */
  private commit({ id, user_id, file_id, place }: Wish, squares: Stored[]): Promise<boolean> {
    return this.em.transactional(async (em) => {
      await sql`select id from files where id = ${file_id} for update`.all(em);
      const [wish] = await sql<{ id: string }>`delete from photo_wishes where id = ${id} returning id`.all(em);
      if (!wish) return false;
      const [there] = await sql<{ id: string }>`
        select id from renditions where file_id = ${file_id} and role = 'square' limit 1`.all(em);
      if (!there && !squares.length) throw new Error('the squares were deleted with another choice');
      if (!there) {
        await em.insertMany(
          Rendition,
          squares.map((square) => ({ file: file_id, role: 'square' as const, ...square })),
        );
      }
      const [user] = await sql<{ old_id: string | null }>`
        update users set ${sql.ident(`${place}_photo_id`)} = ${file_id}, updated_at = now()
          where id = ${user_id} returning ${sql.ident('old', `${place}_photo_id`)} as old_id`.all(em);
      if (user?.old_id && user.old_id !== file_id) await this.files.release(em, user.old_id);
      return !there;
    });
  }
}
