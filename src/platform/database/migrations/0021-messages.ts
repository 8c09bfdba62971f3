import { Migration } from '@mikro-orm/migrations';

/** Chats of two users, and their messages (docs/decisions/0020). */
export class Migration0021Messages extends Migration {
  override up() {
    this.addSql(`
      alter table users
        add column allow_messages text not null default 'everyone' check (allow_messages in ('everyone', 'followed', 'nobody')),
        add column read_receipts boolean not null default true;

      create table chats (
        id uuid primary key default uuidv7(),
        -- Null once that account is gone.
        low_id uuid references users on delete set null,
        high_id uuid references users on delete set null,
        last_seq int not null default 0,
        created_at timestamptz not null default now(),
        unique (low_id, high_id),
        check (low_id < high_id)
      ) with (fillfactor = 80);
      create index chats_high_index on chats (high_id) where high_id is not null;

      create table chat_members (
        chat_id uuid not null references chats on delete cascade,
        user_id uuid not null references users on delete cascade,
        partner_id uuid references users on delete set null,
        last_read_seq int not null default 0,
        last_delivered_seq int not null default 0,
        cleared_seq int not null default 0,
        -- The chat's, so that one index holds the order of the list and who has something unread.
        last_seq int not null default 0,
        last_message_id uuid,
        folder text not null default 'inbox' check (folder in ('inbox', 'requests', 'archive')),
        muted_until timestamptz,
        -- A notification of what is unread was written.
        is_told boolean not null default false,
        created_at timestamptz not null default now(),
        primary key (chat_id, user_id),
        check (0 <= last_read_seq and last_read_seq <= last_delivered_seq and last_delivered_seq <= last_seq),
        check (cleared_seq between 0 and last_seq)
      ) with (fillfactor = 80);
      create unique index chat_members_pair_key on chat_members (user_id, partner_id);
      create index chat_members_partner_index on chat_members (partner_id) where partner_id is not null;
      create index chat_members_list_index on chat_members (user_id, folder, last_message_id desc) include (chat_id)
        where last_seq > cleared_seq;
      create index chat_members_unread_index on chat_members (user_id) include (folder, muted_until)
        where last_read_seq < last_seq;

      create table messages (
        chat_id uuid not null references chats on delete cascade,
        seq int not null check (seq > 0),
        id uuid not null default uuidv7(),
        -- Null once that account is gone.
        sender_id uuid references users on delete set null,
        client_id uuid not null,
        type text not null check (type in ('text', 'photo', 'video', 'voice', 'audio', 'file')),
        text varchar(4000) not null default '',
        file_id uuid references files,
        reply_to_seq int,
        edited_at timestamptz,
        deleted_at timestamptz,
        created_at timestamptz not null default now(),
        primary key (chat_id, seq),
        check (deleted_at is null or (text = '' and file_id is null)),
        check (deleted_at is not null or (type = 'text') = (file_id is null)),
        check (deleted_at is not null or type <> 'text' or text <> '')
      );
      create unique index messages_id_key on messages (id);
      create unique index messages_client_key on messages (chat_id, sender_id, client_id);
      create index messages_sender_index on messages (sender_id, id) where sender_id is not null;
      create index messages_file_index on messages (file_id) where file_id is not null;

      -- A file that a message shows is in use, whatever else stops showing it.
      create function keep_sent_file() returns trigger language plpgsql as $f$
      begin
        if exists (select from messages where file_id = new.id) then new.unused_since := null; end if;
        return new;
      end $f$;
      create trigger keep_sent_file before update of unused_since on files for each row
        when (old.unused_since is null and new.unused_since is not null) execute function keep_sent_file();

      create table message_reactions (
        chat_id uuid not null,
        seq int not null,
        user_id uuid not null references users on delete cascade,
        emoji varchar(64) not null,
        created_at timestamptz not null default now(),
        primary key (chat_id, seq, user_id),
        foreign key (chat_id, seq) references messages on delete cascade
      );
      create index message_reactions_user_index on message_reactions (user_id);

      create table message_hides (
        user_id uuid not null references users on delete cascade,
        chat_id uuid not null,
        seq int not null,
        primary key (user_id, chat_id, seq),
        foreign key (chat_id, seq) references messages on delete cascade
      );
      create index message_hides_message_index on message_hides (chat_id, seq);

      -- What search finds messages by: their words, and a sign for each member.
      create table message_words (
        chat_id uuid not null,
        seq int not null,
        words tsvector not null,
        primary key (chat_id, seq),
        foreign key (chat_id, seq) references messages on delete cascade
      );
      create index message_words_index on message_words using gin (words);
      create function write_message_words() returns trigger language plpgsql as $f$
      begin
        if new.text = '' then
          delete from message_words where chat_id = new.chat_id and seq = new.seq;
        else
          insert into message_words
          select new.chat_id, new.seq, search_words('', new.text) || array_to_tsvector(array_remove(array[
            search_facet('member', c.low_id::text), search_facet('member', c.high_id::text)], null))
          from chats c where c.id = new.chat_id
          on conflict (chat_id, seq) do update set words = excluded.words;
        end if;
        return null;
      end $f$;
      create trigger write_message_words after insert on messages for each row
        when (new.text <> '') execute function write_message_words();
      create trigger rewrite_message_words after update of text on messages for each row
        when (new.text <> old.text) execute function write_message_words();

      -- Who has to be told of something unread, unless they read it before then.
      create table chat_pushes (
        user_id uuid not null references users on delete cascade,
        chat_id uuid not null references chats on delete cascade,
        due_at timestamptz not null,
        primary key (user_id, chat_id)
      );
      create index chat_pushes_due_index on chat_pushes (due_at);
      create index chat_pushes_chat_index on chat_pushes (chat_id);
    `);
  }

  override down() {
    this.addSql(`
      drop table chat_pushes;
      drop table message_words;
      drop table message_hides;
      drop table message_reactions;
      drop table messages;
      drop trigger keep_sent_file on files;
      drop function keep_sent_file();
      drop function write_message_words();
      drop table chat_members;
      drop table chats;
      alter table users drop column read_receipts, drop column allow_messages;
    `);
  }
}
