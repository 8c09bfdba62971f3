import { Migration } from '@mikro-orm/migrations';

/**
 * Very many rows at once. Whoever deletes them moves each counter once: a row that is updated a thousand times in a
 * transaction is found by a thousand versions. And what is unread in a chat is found among what was not deleted.
 */
export class Migration0029ManyAtOnce extends Migration {
  override up() {
    this.addSql(`
      -- No column more than the key has: otherwise the key could look cheaper, and lead through everything deleted.
      create index messages_said_index on messages (chat_id, seq) where deleted_at is null;

      ${countingGone('reactions', 'medias', 'media_id', 'is_counted', emojis)}
      create or replace trigger count_reaction after insert or update on reactions
        for each row execute function count_reaction();
      ${countingGone('comment_reactions', 'comments', 'comment_id', 'is_counted', emojis)}
      create or replace trigger count_comment_reaction after insert or update on comment_reactions
        for each row execute function count_comment_reaction();
      ${countingGone('reposts', 'medias', 'media_id', 'is_counted', { reposts_count: 'count(*)' })}
      create or replace trigger count_repost after insert or update of is_counted on reposts
        for each row execute function count_repost();
      ${countingGone('saves', 'medias', 'media_id', 'true', { saves_count: 'count(*)' })}
      create or replace trigger count_save after insert on saves for each row execute function count_save();
      ${countingGone('comments', 'medias', 'media_id', 'deleted_at is null and is_counted', { comments_count: 'count(*)' })}
      ${countComment(" and tg_op <> 'DELETE'")}
    `);
  }

  override down() {
    const tables = ['reactions', 'comment_reactions', 'reposts', 'saves', 'comments'];
    this.addSql(`
      drop index messages_said_index;
      ${tables.map((table) => `drop function count_gone_${table}() cascade;`).join('\n')}
      ${countComment('')}
      create or replace trigger count_reaction after insert or update or delete on reactions
        for each row execute function count_reaction();
      create or replace trigger count_comment_reaction after insert or update or delete on comment_reactions
        for each row execute function count_comment_reaction();
      create or replace trigger count_repost after insert or delete or update of is_counted on reposts
        for each row execute function count_repost();
      create or replace trigger count_save after insert or delete on saves for each row execute function count_save();
    `);
  }
}

const emojis = {
  likes_count: `(count(*) filter (where emoji = '👍'))`,
  dislikes_count: `(count(*) filter (where emoji = '👎'))`,
  reactions_count: 'count(*)',
};

/** Takes deleted rows from the counters of the row above them, by the statement. */
function countingGone(table: string, above: string, by: string, where: string, counts: Record<string, string>): string {
  const columns = Object.keys(counts);
  return `
      create function count_gone_${table}() returns trigger language plpgsql as $$
      begin
        update ${above} a set ${columns.map((column) => `${column} = a.${column} - g.${column}`).join(', ')}
        from (
          select ${by}, ${columns.map((column) => `${counts[column]}::int as ${column}`).join(', ')}
          from gone where ${where} group by ${by}) g
        where a.id = g.${by};
        return null;
      end $$;
      create trigger count_gone_${table} after delete on ${table} referencing old table as gone
        for each statement execute function count_gone_${table}();`;
}

/** @param moved when the media's counter moves, besides what the function asks for */
const countComment = (moved: string) => `
      create or replace function count_comment() returns trigger language plpgsql as $$
      declare
        said int := is_said(new)::int - is_said(old)::int;
        listed int := is_listed(new)::int - is_listed(old)::int;
        parent uuid := coalesce(new.parent_id, old.parent_id);
        above uuid;
      begin
        if parent is not null then
          if listed <> 0 then update comments set replies_count = replies_count + listed where id = parent; end if;
          -- What was deleted, and stood only for its replies: also those that are not counted.
          -- One after the other, by the first of them alone: a long thread would nest deeper than the stack is.
          if tg_op = 'DELETE' and current_setting('vitrine.pruning', true) is distinct from 'on' then
            perform set_config('vitrine.pruning', 'on', true);
            while parent is not null loop
              delete from comments c where c.id = parent and c.deleted_at is not null
                and not exists (select 1 from comments r where r.parent_id = c.id) returning c.parent_id into above;
              exit when not found;
              parent := above;
            end loop;
            perform set_config('vitrine.pruning', '', true);
          end if;
        end if;
        if said <> 0${moved} then
          update medias set comments_count = comments_count + said where id = coalesce(new.media_id, old.media_id);
        end if;
        if old.attachment_id is distinct from new.attachment_id and old.attachment_id is not null then
          update files f set unused_since = now()
          where id = old.attachment_id and not exists (select 1 from media_files mf where mf.file_id = f.id)
            and not exists (select 1 from users u where u.id = f.owner_id and f.id in (u.profile_photo_id, u.channel_photo_id))
            and not exists (select 1 from photo_wishes w where w.file_id = f.id);
        end if;
        -- Without its words it names nobody.
        if new.deleted_at is not null and old.deleted_at is null then
          delete from comment_mentions where comment_id = new.id;
        end if;
        return null;
      end $$;`;
