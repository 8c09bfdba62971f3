import { Migration } from '@mikro-orm/migrations';

/** Needs PostgreSQL 18: uuidv7(), `old` and `new` in RETURNING. */
export class Migration0001Initial extends Migration {
  override up() {
    this.addSql(`
      create extension if not exists pg_trgm;
      create extension if not exists unaccent;
      -- unaccent() alone depends on settings, so no index may use it; with its dictionary named it does not.
      create function searchable(text) returns text language sql immutable strict parallel safe
        return lower(unaccent('unaccent'::regdictionary, $1));

      create table users (
        id uuid primary key default uuidv7(),
        username varchar(30) not null,
        email varchar(254) not null,
        email_verified_at timestamptz,
        pending_email varchar(254),
        former_username varchar(30),
        renamed_at timestamptz check ((renamed_at is null) = (former_username is null)),
        password_hash text not null,
        role text not null default 'user' check (role in ('user', 'moderator', 'admin')),
        disabled_at timestamptz,
        deleted_at timestamptz,
        erased_at timestamptz,
        display_name varchar(60) not null,
        bio varchar(500) not null default '',
        color varchar(7),
        pronouns varchar(40),
        links jsonb not null default '[]',
        locale varchar(35) not null default 'en',
        birthday date,
        is_private boolean not null default false,
        profile_photo_id uuid,
        channel_photo_id uuid,
        storage_bytes bigint not null default 0 check (storage_bytes >= 0),
        followers_count int not null default 0 check (followers_count >= 0),
        followings_count int not null default 0 check (followings_count >= 0),
        photos_count int not null default 0 check (photos_count >= 0),
        videos_count int not null default 0 check (videos_count >= 0),
        musics_count int not null default 0 check (musics_count >= 0),
        views_count int not null default 0 check (views_count >= 0),
        likes_received_count int not null default 0 check (likes_received_count >= 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create unique index users_username_key on users (lower(username));
      create unique index users_email_key on users (lower(email));
      create index users_newest_index on users (id) where disabled_at is null;
      create index users_views_index on users (views_count, id) where disabled_at is null;
      create index users_followers_index on users (followers_count, id) where disabled_at is null;
      create index users_deleted_at_index on users (deleted_at) where deleted_at is not null;
      create index users_search_index on users using gin (searchable(username || ' ' || display_name) gin_trgm_ops);
      create index users_former_username_index on users (lower(former_username)) where former_username is not null;

      create table sessions (
        id uuid primary key default uuidv7(),
        user_id uuid not null references users on delete cascade,
        refresh_hash varchar(64) not null,
        device varchar(200) not null,
        address varchar(45) not null,
        last_used_at timestamptz not null default now(),
        expires_at timestamptz not null,
        ended_at timestamptz,
        created_at timestamptz not null default now()
      );
      create index sessions_user_id_index on sessions (user_id);
      create index sessions_expires_at_index on sessions (expires_at);

      create table api_keys (
        id uuid primary key default uuidv7(),
        user_id uuid not null references users on delete cascade,
        name varchar(60) not null,
        is_default boolean not null default false,
        prefix varchar(12) not null,
        hash varchar(64) not null unique,
        scopes text[] not null,
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz,
        created_at timestamptz not null default now()
      );
      create index api_keys_user_id_index on api_keys (user_id);
      create index api_keys_revoked_at_index on api_keys (revoked_at) where revoked_at is not null;
      create unique index api_keys_default_key on api_keys (user_id) where is_default and revoked_at is null;

      create table one_time_codes (
        id uuid primary key default uuidv7(),
        subject varchar(64) not null,
        user_id uuid references users on delete cascade,
        purpose text not null check (purpose in ('verify_email', 'reset_password', 'change_email')),
        hash varchar(64),
        attempts int not null default 0,
        requests int not null default 1,
        sent_at timestamptz,
        expires_at timestamptz not null,
        created_at timestamptz not null default now(),
        unique (subject, purpose)
      );
      create index one_time_codes_user_id_index on one_time_codes (user_id);

      create table exports (
        id uuid primary key default uuidv7(),
        user_id uuid not null references users on delete cascade,
        token_hash varchar(64) unique,
        sent_at timestamptz,
        expires_at timestamptz not null,
        created_at timestamptz not null default now()
      );
      create index exports_user_id_index on exports (user_id);

      create schema limits;
      create unlogged table limits.rates (key varchar(255) primary key, points int not null default 0, expire bigint);
      create index rates_expire_index on limits.rates (expire);

      create table follows (
        follower_id uuid not null references users on delete cascade,
        followee_id uuid not null references users on delete cascade,
        accepted_at timestamptz,
        created_at timestamptz not null default now(),
        primary key (follower_id, followee_id),
        check (follower_id <> followee_id)
      );
      create index follows_followee_id_index on follows (followee_id, follower_id);

      create table files (
        id uuid primary key default uuidv7(),
        url varchar(16) not null unique,
        owner_id uuid not null references users on delete cascade,
        kind text not null check (kind in ('photo', 'video', 'music', 'file')),
        status text not null default 'processing' check (status in ('processing', 'ready', 'failed')),
        progress real not null default 0 check (progress between 0 and 1),
        failure_code varchar(32) check ((failure_code is not null) = (status = 'failed')),
        bytes bigint not null,
        sha256 varchar(64) not null,
        filename varchar(255) not null,
        source_key varchar(255) not null,
        mime_type varchar(100) not null,
        width int,
        height int,
        duration_ms int,
        placeholder varchar(64),
        color varchar(7),
        picture jsonb,
        embed_id uuid,
        facts jsonb not null default '{}',
        remaining_ms int,
        playable boolean not null default false,
        redo boolean not null default false,
        pipeline smallint not null default 0,
        runs int not null default 0,
        attempts int not null default 0,
        heartbeat_at timestamptz,
        processed_at timestamptz,
        unused_since timestamptz default now(),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        unique (owner_id, kind, sha256)
      );
      create index files_unused_index on files (unused_since) where unused_since is not null;
      create index files_embed_index on files (id) where embed_id is not null;
      create index files_unfinished_index on files (heartbeat_at nulls first) where status = 'processing' or redo;

      create table renditions (
        id uuid primary key default uuidv7(),
        file_id uuid not null references files on delete cascade,
        role text not null check (role in ('image', 'animation', 'rung', 'poster', 'audio', 'download', 'waveform', 'cover', 'picture', 'square', 'subtitles', 'storyboard')),
        name varchar(32) not null,
        mime_type varchar(100) not null,
        width int,
        height int,
        duration_ms int,
        bitrate int,
        bytes bigint not null,
        key varchar(255) not null,
        facts jsonb not null default '{}',
        created_at timestamptz not null default now(),
        unique (file_id, role, name, mime_type)
      );

      -- What a profile shows. The indexes are for the deletion of files.
      alter table users add foreign key (profile_photo_id) references files;
      alter table users add foreign key (channel_photo_id) references files;
      create index users_profile_photo_index on users (profile_photo_id) where profile_photo_id is not null;
      create index users_channel_photo_index on users (channel_photo_id) where channel_photo_id is not null;

      create table photo_wishes (
        id uuid primary key default uuidv7(),
        user_id uuid not null references users on delete cascade,
        place text not null check (place in ('profile', 'channel')),
        file_id uuid not null references files,
        created_at timestamptz not null default now(),
        unique (user_id, place)
      );
      create index photo_wishes_file_id_index on photo_wishes (file_id);

      create table medias (
        id uuid primary key default uuidv7(),
        url varchar(16) not null unique,
        owner_id uuid not null references users on delete cascade,
        type text not null check (type in ('photo', 'video', 'reel', 'music')),
        title varchar(128) not null default '',
        description varchar(2000) not null default '',
        visibility text not null default 'public' check (visibility in ('public', 'unlisted', 'followers', 'private')),
        status text not null default 'processing' check (status in ('processing', 'ready', 'failed')),
        shown boolean not null default false,
        views_count int not null default 0 check (views_count >= 0),
        likes_count int not null default 0 check (likes_count >= 0),
        dislikes_count int not null default 0 check (dislikes_count >= 0),
        comments_count int not null default 0 check (comments_count >= 0),
        reposts_count int not null default 0 check (reposts_count >= 0),
        saves_count int not null default 0 check (saves_count >= 0),
        published_at timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create index medias_owner_index on medias (owner_id, id desc);
      create index medias_newest_index on medias (id desc) where shown;
      create index medias_type_index on medias (type, id desc) where shown;
      create index medias_views_index on medias (views_count desc, id desc) where shown;
      create index medias_likes_index on medias (likes_count desc, id desc) where shown;

      create table media_files (
        media_id uuid not null references medias on delete cascade,
        position smallint not null check (position between 0 and 9),
        file_id uuid not null unique references files,
        primary key (media_id, position)
      );

      create table tags (
        id uuid primary key default uuidv7(),
        name varchar(64) not null unique,
        created_at timestamptz not null default now()
      );
      create table media_tags (
        media_id uuid not null references medias on delete cascade,
        tag_id uuid not null references tags on delete cascade,
        created_at timestamptz not null default now(),
        primary key (media_id, tag_id)
      );
      create index media_tags_tag_index on media_tags (tag_id, media_id desc);

      create table uploads (
        id uuid primary key default uuidv7(),
        owner_id uuid not null references users on delete cascade,
        kind text not null check (kind in ('photo', 'video', 'music', 'file')),
        resumable boolean not null default false,
        state text not null default 'open' check (state in ('open', 'settled')),
        filename varchar(255) not null,
        bytes bigint not null check (bytes >= 0),
        file_url varchar(16),
        writer uuid,
        writer_until timestamptz,
        expires_at timestamptz not null,
        created_at timestamptz not null default now()
      );
      create index uploads_owner_index on uploads (owner_id, created_at);
      create index uploads_expires_at_index on uploads (expires_at);

      create table idempotency_keys (
        user_id uuid not null,
        key varchar(255) not null,
        request_hash varchar(64) not null,
        status smallint,
        body jsonb,
        created_at timestamptz not null default now(),
        primary key (user_id, key)
      );
      create index idempotency_keys_created_at_index on idempotency_keys (created_at);

      create table outbox_events (
        id uuid primary key default uuidv7(),
        name varchar(64) not null,
        payload jsonb not null,
        created_at timestamptz not null default now(),
        dispatched_at timestamptz
      );
      create index outbox_events_waiting_index on outbox_events (id) where dispatched_at is null;
      create index outbox_events_dispatched_at_index on outbox_events (dispatched_at) where dispatched_at is not null;

      -- Wakes the relay at the moment of the commit; it also looks by itself, should the message be lost.
      create function outbox_wake() returns trigger language plpgsql as
        $$ begin notify vitrine_outbox; return null; end $$;
      create trigger outbox_wake after insert on outbox_events for each statement execute function outbox_wake();
    `);
  }
}
