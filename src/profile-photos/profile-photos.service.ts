import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { FilesService } from '../files/files.service.js';
import { Outbox } from '../platform/events/outbox.js';
import type { Viewer } from '../platform/http/viewer.js';
import type { Place, Profile } from '../users/users.schemas.js';
import { UsersService } from '../users/users.service.js';
import { sql } from '../platform/database/sql.js';

interface Wish {
  id: string;
  old_file_id: string | null;
}

/**
 * Photos of a profile. A choice is stored as a PhotoWish and takes effect when the squares are made; until then the old
 * photo stays.
 */
@Injectable()
export class ProfilePhotosService {
  constructor(
    private readonly em: EntityManager,
    private readonly outbox: Outbox,
    private readonly files: FilesService,
    private readonly users: UsersService,
  ) {}

  /** @throws {Problem} `user_not_found`, `not_yours`, and as `FilesService.readyPhoto` */
  async put(viewer: Viewer, username: string, place: Place, photoUrl: string): Promise<Profile> {
    await this.users.mustBeOwn(username, viewer);
    const { id: userId } = viewer;
    await this.em.transactional(async (em) => {
      const photo = await this.files.readyPhoto(em, userId, photoUrl);
      if (await this.isChosen(em, userId, place, photo.id)) return;
      const [wish] = await sql<Wish>`
        insert into photo_wishes (user_id, place, file_id) values (${userId}, ${place}, ${photo.id})
        on conflict (user_id, place) do update set id = uuidv7(), file_id = excluded.file_id,
          created_at = now()
        returning id, old.file_id as old_file_id`.all(em);
      await sql`update files set unused_since = null where id = ${photo.id}`.all(em);
      const { id, old_file_id } = wish!;
      if (old_file_id && old_file_id !== photo.id) await this.files.release(em, old_file_id);
      await this.outbox.record('photo.wished', { wishId: id });
    });
    return this.users.ownProfile(userId);
  }

  async delete(viewer: Viewer, username: string, place: Place): Promise<void> {
    await this.users.mustBeOwn(username, viewer);
    const { id: userId } = viewer;
    await this.em.transactional(async (em) => {
      const wished = await sql<{ file_id: string }>`
        delete from photo_wishes where user_id = ${userId} and place = ${place} returning file_id`.all(em);
      const shown = await sql<{ file_id: string }>`
        update users set ${sql.ident(`${place}_photo_id`)} = null, updated_at = now() where id = ${userId}
          and ${sql.ident(`${place}_photo_id`)} is not null
        returning ${sql.ident('old', `${place}_photo_id`)} as file_id`.all(em);
      const files = new Set([...wished, ...shown].map(({ file_id }) => file_id));
      for (const fileId of files) await this.files.release(em, fileId);
    });
  }

  /** Whether the photo is shown there, or will be. */
  private async isChosen(em: EntityManager, userId: string, place: Place, fileId: string): Promise<boolean> {
    const [user] = await sql<{ shown: string | null; wished: string | null }>`
      select ${sql.ident(`${place}_photo_id`)} as shown,
        (select file_id from photo_wishes where user_id = u.id and place = ${place}) as wished
      from users u where id = ${userId}`.all(em);
    return (user!.wished ?? user!.shown) === fileId;
  }
}
