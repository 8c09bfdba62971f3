import { Migration } from '@mikro-orm/migrations';

/** What people do to each other's things. Counters are kept by the triggers of the next migration. */
export class Migration0002Social extends Migration {
  override up() {
    this.addSql(`
      -- An id of its own, in the order of time: what lists are paged by.
      alter table follows add column id uuid not null default uuidv7();
      create index follows_followers_index on follows (followee_id, id desc) where accepted_at is not null;
      create index follows_followings_index on follows (follower_id, id desc) where accepted_at is not null;
      create index follows_requests_index on follows (followee_id, id desc) where accepted_at is null;
      create index follows_requested_index on follows (follower_id, id desc) where accepted_at is null;

      create table blocks (
        blocker_id uuid not null references users on delete cascade,
        blocked_id uuid not null references users on delete cascade,
        id uuid not null default uuidv7(),
        created_at timestamptz not null default now(),
        primary key (blocker_id, blocked_id),
        check (blocker_id <> blocked_id)
      );
      create index blocks_blocked_index on blocks (blocked_id, blocker_id);
      create index blocks_newest_index on blocks (blocker_id, id desc);

      create table mutes (
        muter_id uuid not null references users on delete cascade,
        muted_id uuid not null references users on delete cascade,
        id uuid not null default uuidv7(),
        created_at timestamptz not null default now(),
        primary key (muter_id, muted_id),
        check (muter_id <> muted_id)
      );
      create index mutes_newest_index on mutes (muter_id, id desc);
      create index mutes_muted_index on mutes (muted_id);

      create table comments (
        id uuid primary key default uuidv7(),
        url varchar(16) not null unique,
        media_id uuid not null references medias on delete cascade,
        author_id uuid references users,
        parent_id uuid references comments,
        -- Where it is listed: under what it answers, or under the media.
        thread_id uuid not null generated always as (coalesce(parent_id, media_id)) stored,
        text varchar(2000) not null,
        attachment_id uuid unique references files,
        likes_count int not null default 0 check (likes_count >= 0),
        dislikes_count int not null default 0 check (dislikes_count >= 0),
        reactions_count int not null default 0 check (reactions_count >= 0),
        replies_count int not null default 0 check (replies_count >= 0),
        edited_at timestamptz,
        deleted_at timestamptz,
        created_at timestamptz not null default now(),
        check ((deleted_at is null) = (author_id is not null)),
        check (deleted_at is null or (text = '' and attachment_id is null))
      );
      create index comments_media_index on comments (media_id);
      create index comments_author_index on comments (author_id, id desc) where author_id is not null;
      create index comments_thread_index on comments (thread_id, id);
      create index comments_likes_index on comments (thread_id, likes_count, id);
      create index comments_dislikes_index on comments (thread_id, dislikes_count, id);
      create index comments_replies_index on comments (thread_id, replies_count, id);
      create index comments_parent_index on comments (parent_id) where parent_id is not null;

      -- One emoji per user and thing. A like is 👍, a dislike 👎.
      alter table medias add column reactions_count int not null default 0 check (reactions_count >= 0);
      create table reactions (
        media_id uuid not null references medias on delete cascade,
        user_id uuid not null references users on delete cascade,
        emoji varchar(64) not null,
        id uuid not null default uuidv7(),
        created_at timestamptz not null default now(),
        primary key (media_id, user_id)
      );
      create index reactions_newest_index on reactions (media_id, id desc);
      create index reactions_emoji_index on reactions (media_id, emoji, id desc);
      create index reactions_user_index on reactions (user_id, id desc);

      create table comment_reactions (
        comment_id uuid not null references comments on delete cascade,
        user_id uuid not null references users on delete cascade,
        emoji varchar(64) not null,
        id uuid not null default uuidv7(),
        created_at timestamptz not null default now(),
        primary key (comment_id, user_id)
      );
      create index comment_reactions_newest_index on comment_reactions (comment_id, id desc);
      create index comment_reactions_emoji_index on comment_reactions (comment_id, emoji, id desc);
      create index comment_reactions_user_index on comment_reactions (user_id);

      create table reposts (
        media_id uuid not null references medias on delete cascade,
        user_id uuid not null references users on delete cascade,
        id uuid not null default uuidv7(),
        created_at timestamptz not null default now(),
        primary key (media_id, user_id)
      );
      create index reposts_newest_index on reposts (media_id, id desc);
      create index reposts_user_index on reposts (user_id, id desc);

      create table saves (
        media_id uuid not null references medias on delete cascade,
        user_id uuid not null references users on delete cascade,
        id uuid not null default uuidv7(),
        created_at timestamptz not null default now(),
        primary key (media_id, user_id)
      );
      create index saves_user_index on saves (user_id, id desc);

      create table media_mentions (
        media_id uuid not null references medias on delete cascade,
        user_id uuid not null references users on delete cascade,
        id uuid not null default uuidv7(),
        created_at timestamptz not null default now(),
        primary key (media_id, user_id)
      );
      create index media_mentions_user_index on media_mentions (user_id, id desc);

      create table comment_mentions (
        comment_id uuid not null references comments on delete cascade,
        user_id uuid not null references users on delete cascade,
        id uuid not null default uuidv7(),
        created_at timestamptz not null default now(),
        primary key (comment_id, user_id)
      );
      create index comment_mentions_user_index on comment_mentions (user_id, id desc);

      -- A tag stands on a media because its owner put it there, because the text has it, or both.
      alter table media_tags add column explicit boolean not null default true,
        add column in_text boolean not null default false,
        add check (explicit or in_text);
      -- How many medias that everybody may meet in lists have it.
      alter table tags add column medias_count int not null default 0 check (medias_count >= 0);
      create index tags_used_index on tags (medias_count desc, id desc) where medias_count > 0;

      create table playlists (
        id uuid primary key default uuidv7(),
        url varchar(16) not null unique,
        owner_id uuid not null references users on delete cascade,
        title varchar(128) not null,
        description varchar(1024) not null default '',
        type text not null default 'any' check (type in ('any', 'video', 'music', 'photo')),
        visibility text not null default 'public' check (visibility in ('public', 'unlisted', 'followers', 'private')),
        items_count int not null default 0 check (items_count >= 0),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create index playlists_owner_index on playlists (owner_id, id desc);
      create index playlists_newest_index on playlists (id desc) where visibility in ('public', 'followers');

      create table playlist_items (
        playlist_id uuid not null references playlists on delete cascade,
        media_id uuid not null references medias on delete cascade,
        -- Between those of its neighbours, however often things move. Compared byte by byte.
        rank text collate "C" not null,
        note varchar(512) not null default '',
        id uuid not null default uuidv7(),
        created_at timestamptz not null default now(),
        primary key (playlist_id, media_id)
      );
      create unique index playlist_items_rank_key on playlist_items (playlist_id, rank);
      create index playlist_items_media_index on playlist_items (media_id);

      -- One row per media and viewer: what counts, and for a user, the history.
      create table views (
        media_id uuid not null references medias on delete cascade,
        -- The id of the user, or one made of where a stranger comes from.
        viewer_key uuid not null,
        user_id uuid references users on delete cascade check (user_id = viewer_key),
        -- Counted, but not yet in the media's row.
        pending int not null default 0,
        watched_ms bigint not null default 0,
        pending_ms bigint not null default 0,
        in_history boolean not null default true,
        counted_at timestamptz not null default now(),
        last_viewed_at timestamptz not null default now(),
        primary key (media_id, viewer_key)
      );
      create index views_pending_index on views (media_id) where pending > 0 or pending_ms > 0;
      create index views_history_index on views (user_id, last_viewed_at desc, media_id desc) where user_id is not null and in_history;
      create index views_strangers_index on views (last_viewed_at) where user_id is null;

      create table media_view_days (
        media_id uuid not null references medias on delete cascade,
        day date not null,
        views int not null default 0,
        watched_ms bigint not null default 0,
        primary key (media_id, day)
      );
    `);
  }
}
