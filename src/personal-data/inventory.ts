/** One table, and what of it belongs to an account: it is deleted with it. */
export interface Holding {
  table: string;
  /** The rows `t` that belong to the account `:user`. */
  rows: string;
  /** A column or expression that orders them, in the archive of an export; null: they are not in it. */
  exportedBy: string | null;
  /** Columns that stay out of the archive: secrets, and where things lie inside. */
  without?: string[];
  why: string;
}

const ofFiles = `t.file_id in (select id from files where owner_id = :user)`;
const ofMedias = `t.media_id in (select id from medias where owner_id = :user)`;
const owned = 't.owner_id = :user';
const internal = ['id', 'owner_id', 'user_id'];

/**
 * Everything that is stored about an account, in the order in which it is deleted. Export and deletion both go by this
 * list, and a test compares it with the tables there are: a new table has to say what it holds.
 */
export const inventory: readonly Holding[] = [
  {
    table: 'sessions',
    rows: 't.user_id = :user',
    exportedBy: 't.id',
    without: [...internal, 'refresh_hash'],
    why: 'Devices and network addresses from which the account was used.',
  },
  {
    table: 'api_keys',
    rows: 't.user_id = :user',
    exportedBy: 't.id',
    without: [...internal, 'hash'],
    why: 'Names, scopes and last use; the keys themselves are not stored.',
  },
  {
    table: 'one_time_codes',
    rows: 't.user_id = :user',
    exportedBy: null,
    why: 'Hashes of codes that were mailed; of no use to anybody.',
  },
  {
    table: 'password_reset_links',
    rows: 't.user_id = :user',
    exportedBy: null,
    why: 'Hashes of links that were mailed to set a new password; kept until they expire.',
  },
  {
    table: 'exports',
    rows: 't.user_id = :user',
    exportedBy: null,
    why: 'Links to archives like this one.',
  },
  {
    table: 'idempotency_keys',
    rows: 't.user_id = :user',
    exportedBy: null,
    why: 'Answers that are kept for a day, for requests that are repeated; copies of what is in the archive.',
  },
  {
    table: 'follows',
    rows: '(t.follower_id = :user or t.followee_id = :user)',
    exportedBy: 't.created_at, t.follower_id, t.followee_id',
    without: ['id', 'is_counted'],
    why: 'Whom the account follows and who follows it; the counters of the others move along.',
  },
  {
    table: 'blocks',
    rows: '(t.blocker_id = :user or t.blocked_id = :user)',
    // Who blocked the account is not the account's to know.
    exportedBy: null,
    why: 'Whom the account blocked, and who blocked it.',
  },
  {
    table: 'mutes',
    rows: '(t.muter_id = :user or t.muted_id = :user)',
    exportedBy: null,
    why: 'Whom the account muted, and who muted it.',
  },
  {
    table: 'notification_entries',
    rows: '(t.user_id = :user or t.actor_id = :user)',
    exportedBy: null,
    why: 'Who did what the account is told of, and of what of the account others are told.',
  },
  {
    table: 'notifications',
    rows: '(t.user_id = :user or t.asker_id = :user)',
    exportedBy: null,
    why: 'What the account is told of; kept for 180 days.',
  },
  {
    table: 'notification_positions',
    rows: 't.user_id = :user',
    exportedBy: null,
    why: 'Where the list of notifications has come to: a number.',
  },
  {
    table: 'notification_preferences',
    rows: 't.user_id = :user',
    exportedBy: 't.kind',
    without: internal,
    why: 'Of what the account wants to be told, and where.',
  },
  {
    table: 'reactions',
    rows: 't.user_id = :user',
    exportedBy: 't.id',
    without: ['id', 'is_counted'],
    why: 'Likes and other reactions to medias.',
  },
  {
    table: 'comment_reactions',
    rows: 't.user_id = :user',
    exportedBy: 't.id',
    without: ['id', 'is_counted'],
    why: 'Likes and other reactions to comments.',
  },
  {
    table: 'reposts',
    rows: 't.user_id = :user',
    exportedBy: 't.id',
    without: ['id', 'is_counted'],
    why: 'Medias that the account showed to its followers.',
  },
  {
    table: 'saves',
    rows: 't.user_id = :user',
    exportedBy: 't.id',
    without: ['id'],
    why: 'Medias that the account saved.',
  },
  {
    table: 'views',
    rows: 't.user_id = :user',
    exportedBy: 't.last_viewed_at, t.media_id',
    without: ['viewer_key', 'user_id', 'pending', 'pending_ms'],
    why: 'What the account watched, when last, and how long.',
  },
  {
    table: 'media_mentions',
    rows: 't.user_id = :user',
    exportedBy: null,
    why: 'Which medias name the account; their texts stay.',
  },
  {
    table: 'comment_mentions',
    rows: 't.user_id = :user',
    exportedBy: null,
    why: 'Which comments name the account; their texts stay.',
  },
  {
    table: 'comments',
    rows: 't.author_id = :user',
    exportedBy: 't.id',
    without: ['author_id', 'thread_id', 'is_counted'],
    why: 'What the account wrote under medias. What others answered stays, under a comment without words.',
  },
  {
    table: 'playlist_items',
    rows: 't.playlist_id in (select id from playlists where owner_id = :user)',
    exportedBy: 't.playlist_id, t.media_id',
    without: ['id', 'owner_id', 'is_counted'],
    why: 'What is in the playlists, with notes.',
  },
  {
    table: 'playlists',
    rows: owned,
    exportedBy: 't.id',
    without: ['owner_id'],
    why: 'Playlists with titles and descriptions.',
  },
  {
    table: 'media_view_days',
    rows: ofMedias,
    exportedBy: 't.media_id, t.day',
    why: 'How often the medias were watched, by the day.',
  },
  {
    table: 'uploads',
    rows: owned,
    exportedBy: 't.id',
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
    exportedBy: 't.media_id, t.tag_id',
    why: 'Tags of the medias.',
  },
  {
    table: 'media_files',
    rows: ofMedias,
    exportedBy: 't.media_id, t.position',
    why: 'Which file stands where in which media.',
  },
  {
    table: 'medias',
    rows: owned,
    exportedBy: 't.id',
    without: ['owner_id', 'owner_is_counted'],
    why: 'What the account published, with titles and descriptions.',
  },
  {
    table: 'photo_wishes',
    rows: 't.user_id = :user',
    exportedBy: null,
    why: 'Photos that are about to be shown by the profile.',
  },
  {
    table: 'renditions',
    rows: ofFiles,
    exportedBy: 't.file_id, t.id',
    without: ['id', 'key'],
    why: 'Sizes and qualities made of the files; the archive holds the originals instead.',
  },
  {
    table: 'files',
    rows: owned,
    exportedBy: 't.id',
    without: ['owner_id', 'source_key'],
    why: 'Uploaded files. Their bytes are in the archive, and are deleted with everything made of them.',
  },
  {
    table: 'users',
    rows: 't.id = :user',
    exportedBy: 't.id',
    without: ['id', 'password_hash', 'is_counted'],
    why: 'The account itself: profile, address, settings.',
  },
];

/** The rows of a holding as a condition on `t`, and what stands for its question marks. */
export const rowsOf = ({ rows }: Pick<Holding, 'rows'>, userId: string) => ({
  where: rows.replaceAll(':user', '?'),
  params: rows.match(/:user/g)!.map(() => userId),
});

/** Tables that belong to nobody, and why they stay. */
export const impersonal: Readonly<Record<string, string>> = {
  tags: 'Words, shared by all medias.',
  outbox_events: 'Ids of what happened, and addresses that accounts gave up; kept for a week.',
  address_counts: 'How many mails and tries an address had, under a keyed hash of it; kept for a day.',
  migrations: 'Which changes of the database were applied.',
};
