import { Migration } from '@mikro-orm/migrations';

/**
 * Relations that begin are told as those that end are: who follows, is not blocked any more, or is answered, may see
 * presence.
 */
export class Migration0025RelationsThatBegin extends Migration {
  override up() {
    this.addSql(`
      create function tell_unblocked() returns trigger language plpgsql as $f$
      begin
        perform tell_relations(array_agg(blocker_id) || array_agg(blocked_id)) from gone having count(*) > 0;
        return null;
      end $f$;
      create function tell_followed() returns trigger language plpgsql as $f$
      begin
        perform tell_relations(array_agg(follower_id) || array_agg(followee_id)) from added
          where accepted_at is not null having count(*) > 0;
        return null;
      end $f$;
      create function tell_accepted() returns trigger language plpgsql as $f$
      begin
        -- Not a join, which would be planned for one row and compare each of many with each.
        perform tell_relations(array_agg(follower_id) || array_agg(followee_id)) from (
          select follower_id, followee_id from added where accepted_at is not null
          except select follower_id, followee_id from gone where accepted_at is not null) began having count(*) > 0;
        return null;
      end $f$;
      -- Two write to each other as soon as neither has the chat as a request.
      create function tell_opened_chat() returns trigger language plpgsql as $f$
      begin
        perform tell_relations(array_agg(user_id)) from added having count(*) > 0 and bool_and(folder <> 'requests');
        return null;
      end $f$;
      create function tell_accepted_chat() returns trigger language plpgsql as $f$
      begin
        perform tell_relations(array_remove(array[new.user_id, new.partner_id], null));
        return null;
      end $f$;
      create trigger tell_unblocked after delete on blocks referencing old table as gone
        for each statement execute function tell_unblocked();
      create trigger tell_followed after insert on follows referencing new table as added
        for each statement execute function tell_followed();
      create trigger tell_accepted after update on follows referencing old table as gone new table as added
        for each statement execute function tell_accepted();
      create trigger tell_opened_chat after insert on chat_members referencing new table as added
        for each statement execute function tell_opened_chat();
      create trigger tell_accepted_chat after update of folder on chat_members
        for each row when (old.folder = 'requests' and new.folder <> 'requests') execute function tell_accepted_chat();
    `);
  }

  override down() {
    this.addSql(`
      drop trigger tell_accepted_chat on chat_members;
      drop trigger tell_opened_chat on chat_members;
      drop trigger tell_accepted on follows;
      drop trigger tell_followed on follows;
      drop trigger tell_unblocked on blocks;
      drop function tell_accepted_chat();
      drop function tell_opened_chat();
      drop function tell_accepted();
      drop function tell_followed();
      drop function tell_unblocked();
    `);
  }
}
