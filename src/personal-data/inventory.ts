import { sql, type Statement } from '../platform/database/sql.js';

/** One table, and what of it belongs to an account: it is deleted with it. */
export interface Holding {
  table: string;
  /** The rows `t` that belong to an account. */
  rows: (userId: string) => Statement<boolean>;
  /** Columns that order them, in the archive of an export; null: they are not in it. */
  exportedBy: readonly string[] | null;
  /** Columns that stay out of the archive: secrets, and where things lie inside. */
  without?: string[];
  why: string;
}

/** Rows in one of whose columns the account stands. */
const by =
  (...columns: string[]) =>
  (userId: string) =>
    sql<boolean>`${userId} in (${sql.join(columns.map((column) => sql.ident('t', column)))})`;
const owned = by('owner_id');
const ofFiles = (userId: string) => sql<boolean>`t.file_id in (select id from files where owner_id = ${userId})`;
const ofMedias = (userId: string) => sql<boolean>`t.media_id in (select id from medias where owner_id = ${userId})`;
const internal = ['id', 'owner_id', 'user_id'];

/**
 * Everything that is stored about an account, in the order in which it is deleted. Export and deletion both go by this
 * list, and a test compares it with the tables there are: a new table has to say what it holds.
 */
export const inventory: readonly Holding[] = [
  {
    table: 'sessions',
    rows: by('user_id'),
    exportedBy: ['id'],
    without: [...internal, 'refresh_hash'],
    why: 'Devices and network addresses from which the account was used.',
  },
  {
    table: 'api_keys',
    rows: by('user_id'),
    exportedBy: ['id'],
    without: [...internal, 'hash'],
    why: 'Names, scopes and last use; the keys themselves are not stored.',
  },
  {
    table: 'one_time_codes',
    rows: by('user_id'),
    exportedBy: null,
    why: 'Hashes of codes that were mailed; of no use to anybody.',
  },
  {
    table: 'password_reset_links',
    rows: by('user_id'),
    exportedBy: null,
    why: 'Hashes of links that were mailed to set a new password; kept until they expire.',
  },
  {
    table: 'exports',
    rows: by('user_id'),
    exportedBy: null,
    why: 'Links to archives like this one.',
  },
  {
    table: 'idempotency_keys',
    rows: by('user_id'),
    exportedBy: null,
    why: 'Answers that are kept for a day, for requests that are repeated; copies of what is in the archive.',
  },
  {
    table: 'follows',
    rows: by('follower_id', 'followee_id'),
    exportedBy: ['created_at', 'follower_id', 'followee_id'],
    without: ['id', 'is_counted'],
    why: 'Whom the account follows and who follows it; the counters of the others move along.',
  },
  {
    table: 'blocks',
    rows: by('blocker_id', 'blocked_id'),
    // Who blocked the account is not the account's to know.
    exportedBy: null,
    why: 'Whom the account blocked, and who blocked it.',
  },
  {
    table: 'mutes',
    rows: by('muter_id', 'muted_id'),
    exportedBy: null,
    why: 'Whom the account muted, and who muted it.',
  },
  {
    table: 'notification_entries',
    rows: by('user_id', 'actor_id'),
    exportedBy: null,
    why: 'Who did what the account is told of, and of what of the account others are told.',
  },
  {
    table: 'notifications',
    rows: by('user_id', 'asker_id'),
    exportedBy: null,
    why: 'What the account is told of; kept for 180 days.',
  },
  {
    table: 'notification_positions',
    rows: by('user_id'),
    exportedBy: null,
    why: 'Where the list of notifications has come to: a number.',
  },
  {
    table: 'notification_preferences',
    rows: by('user_id'),
    exportedBy: ['kind'],
    without: internal,
    why: 'Of what the account wants to be told, and where.',
  },
  {
    table: 'reactions',
    rows: by('user_id'),
    exportedBy: ['id'],
    without: ['id', 'is_counted'],
    why: 'Likes and other reactions to medias.',
  },
  {
    table: 'comment_reactions',
    rows: by('user_id'),
    exportedBy: ['id'],
    without: ['id', 'is_counted'],
    why: 'Likes and other reactions to comments.',
  },
  {
    table: 'reposts',
    rows: by('user_id'),
    exportedBy: ['id'],
    without: ['id', 'is_counted'],
    why: 'Medias that the account showed to its followers.',
  },
  {
    table: 'saves',
    rows: by('user_id'),
    exportedBy: ['id'],
    without: ['id'],
    why: 'Medias that the account saved.',
  },
  {
    table: 'views',
    rows: by('user_id'),
    exportedBy: ['last_viewed_at', 'media_id'],
    without: ['viewer_key', 'user_id', 'pending', 'pending_ms'],
    why: 'What the account watched, when last, and how long.',
  },
  {
    table: 'media_mentions',
    rows: by('user_id'),
    exportedBy: null,
    why: 'Which medias name the account; their texts stay.',
  },
  {
    table: 'comment_mentions',
    rows: by('user_id'),
    exportedBy: null,
    why: 'Which comments name the account; their texts stay.',
  },
  {
    table: 'comments',
    rows: by('author_id'),
    exportedBy: ['id'],
    without: ['author_id', 'thread_id', 'is_counted'],
    why: 'What the account wrote under medias. What others answered stays, under a comment without words.',
  },
  {
    table: 'playlist_items',
    rows: (userId) => sql<boolean>`t.playlist_id in (select id from playlists where owner_id = ${userId})`,
    exportedBy: ['playlist_id', 'media_id'],
    without: ['id', 'owner_id', 'is_counted'],
    why: 'What is in the playlists, with notes.',
  },
  {
    table: 'playlists',
    rows: owned,
    exportedBy: ['id'],
    without: ['owner_id'],
    why: 'Playlists with titles and descriptions.',
  },
  {
    table: 'media_view_days',
    rows: ofMedias,
    exportedBy: ['media_id', 'day'],
    why: 'How often the medias were watched, by the day.',
  },
  {
    table: 'uploads',
    rows: owned,
    exportedBy: ['id'],
    without: [...internal, 'writer', 'writer_until'],
    why: 'Unfinished uploads, and what was sent within a day.',
  },
  {
    table: 'media_words',
    rows: ofMedias,
    exportedBy: null,
    why: 'What search finds the medias by: the words of their titles and descriptions.',
  },
  {
    table: 'media_tags',
    rows: ofMedias,
    exportedBy: ['media_id', 'tag_id'],
    why: 'Tags of the medias.',
  },
  {
    table: 'media_files',
    rows: ofMedias,
    exportedBy: ['media_id', 'position'],
    why: 'Which file stands where in which media.',
  },
  {
    table: 'medias',
    rows: owned,
    exportedBy: ['id'],
    without: ['owner_id', 'owner_is_counted'],
    why: 'What the account published, with titles and descriptions.',
  },
  {
    table: 'photo_wishes',
    rows: by('user_id'),
    exportedBy: null,
    why: 'Photos that are about to be shown by the profile.',
  },
  {
    table: 'renditions',
    rows: ofFiles,
    exportedBy: ['file_id', 'id'],
    without: ['id', 'key'],
    why: 'Sizes and qualities made of the files; the archive holds the originals instead.',
  },
  {
    table: 'files',
    rows: owned,
    exportedBy: ['id'],
    without: ['owner_id', 'source_key'],
    why: 'Uploaded files. Their bytes are in the archive, and are deleted with everything made of them.',
  },
  {
    table: 'users',
    rows: by('id'),
    exportedBy: ['id'],
    without: ['id', 'password_hash', 'is_counted'],
    why: 'The account itself: profile, address, settings.',
  },
];

/** Tables that belong to nobody, and why they stay. */
export const impersonal: Readonly<Record<string, string>> = {
  tags: 'Words, shared by all medias.',
  outbox_events: 'Ids of what happened, and addresses that accounts gave up; kept for a week.',
  address_counts: 'How many mails and tries an address had, under a keyed hash of it; kept for a day.',
  migrations: 'Which changes of the database were applied.',
};
