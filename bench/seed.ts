import type pg from 'pg';

/** The subjects of the lists: each has many of everything. */
export const hot = { user: 'hot-user', media: 'hotMedia00000000', tag: 'hot-tag', playlist: 'hotPlaylist00000' };

/**
 * `n` medias, ten times as many likes, `n` comments, a tenth as many users but at least 10,000: by plain INSERT …
 * SELECT without triggers, with correct counters. One user, media, tag and playlist has a tenth (a hundredth) of
 * everything.
 * @param reader the id of the reading user
 */
export async function seed(db: pg.Pool, n: number, reader: string): Promise<void> {
  const client = await db.connect();
  const run = (sql: string) => client.query(sql);
  const users = Math.max(n / 10, 10_000);
  try {
    await run(`set session_replication_role = replica; set statement_timeout = 0; set maintenance_work_mem = '512MB'`);
    // Earlier rows have earlier ids.
    const id = (of: string, count: number) => `uuidv7(make_interval(secs => ${of} - ${count}))`;
    await run(`create table seeded_users as select g, case when g = 1 then '${reader}'::uuid else ${id('g', users)} end as id
      from generate_series(1::bigint, ${users}) g;
      create index on seeded_users (g);
      insert into users (id, username, email, email_verified_at, password_hash, display_name)
        select id, case g when 2 then '${hot.user}' else 'u' || substr(md5(g::text), 1, 10) || g end, 'u' || g || '@example.org', now(), '-',
          case when mod(g, 10) = 0 then 'Person ' else initcap(substr(md5(g::text), 11, 6)) || ' ' end || g
        from seeded_users where g > 1;
      create table seeded_medias as select g, ${id('g', n)} as id, 1 + mod(g * 7919, ${users})::int as owner from generate_series(1::bigint, ${n}) g;
      update seeded_medias set owner = 2 where mod(g, 10) = 0;
      create index on seeded_medias (g);
      insert into medias (id, url, owner_id, type, title, description, status, shown, published_at, views_count, likes_count, reactions_count, comments_count)
        select m.id, case g.g when ${n} then '${hot.media}' else 'm' || lpad(g.g::text, 15, '0') end, u.id,
          (array['photo', 'photo', 'video', 'music'])[1 + mod(g.g, 4)::int], case when mod(g.g, 10) = 0 then 'Harbour' else initcap(substr(md5(g.g::text), 1, 6)) end || ' number ' || g.g, 'Seen from the north, word' || mod(g.g, 977),
          'ready', true, now(), mod(g.g * 31, 5000), mod(g.g * 17, 900), mod(g.g * 17, 900), mod(g.g, 7)
        from seeded_medias g join seeded_medias m on m.g = g.g join seeded_users u on u.g = g.owner;`);
    const hotMedia = `(select id from seeded_medias where g = ${n})`;
    const hotUser = `(select id from seeded_users where g = 2)`;
    // Ten times as fast as maintaining four indexes per row.
    const { rows: indexes } = await client.query<{ name: string; definition: string }>(
      `select indexname as name, indexdef as definition from pg_indexes where tablename = 'reactions' and indexname <> 'reactions_pkey'`,
    );
    await run(
      `alter table reactions drop constraint reactions_pkey; ${indexes.map(({ name }) => `drop index ${name}`).join(';')}`,
    );
    await run(`insert into reactions (media_id, user_id, emoji, id)
        select m.id, u.id, case mod(i, 5) when 0 then '❤️' else '👍' end, ${id('i', n * 10)}
        from generate_series(1::bigint, ${n * 10}) i join seeded_medias m on m.g = 1 + mod(i, ${n}) join seeded_users u on u.g = 1 + mod(i * 13 + i / ${n}, ${users});
      delete from reactions where media_id = ${hotMedia};
      insert into reactions (media_id, user_id, emoji, id) select ${hotMedia}, id, case mod(g, 5) when 0 then '❤️' else '👍' end, ${id('g', users)} from seeded_users;
      alter table reactions add primary key (media_id, user_id); ${indexes.map(({ definition }) => definition).join(';')}`);
    await run(`create table seeded_comments as select g, ${id('g', n)} as id, case when mod(g, 10) = 0 then ${n} else 1 + mod(g * 7, ${n}) end as media
        from generate_series(1::bigint, ${n}) g; create index on seeded_comments (g);
      insert into comments (id, url, media_id, author_id, parent_id, text, likes_count, dislikes_count, replies_count)
        select c.id, 'c' || lpad(c.g::text, 15, '0'), m.id, u.id, case when mod(c.g, 20) = 0 and c.g > 10 then (select id from seeded_comments where g = 10) end,
          'Comment ' || c.g, mod(c.g * 11, 300), mod(c.g, 40), case c.g when 10 then ${n / 20} else 0 end
        from seeded_comments c join seeded_medias m on m.g = c.media join seeded_users u on u.g = 1 + mod(c.g * 3, ${users});
      insert into comment_reactions (comment_id, user_id, emoji, id) select (select id from seeded_comments where g = 10), id, '👍', ${id('g', users)} from seeded_users;`);
    await run(`insert into tags (id, name, medias_count) select uuidv7(), case g when 1 then '${hot.tag}' else 'tag-' || g end, case g when 1 then ${n / 10} else 3 end
        from generate_series(1::bigint, ${users}) g;
      insert into media_tags (media_id, owner_id, type, reach, tag_id)
        select m.id, m.owner_id, m.type, m.reach, (select id from tags where name = '${hot.tag}') from seeded_medias s join medias m on m.id = s.id where mod(g, 10) = 3;
      insert into media_tags (media_id, owner_id, type, reach, tag_id) select m.id, m.owner_id, m.type, m.reach, t.id
        from seeded_medias s join medias m on m.id = s.id join tags t on t.name = 'tag-' || (2 + mod(s.g, ${users} - 1)) on conflict do nothing;
      insert into media_words select m.id, search_plain(title), search_words(title, description) || media_facets(m) from medias m`);
    for (const table of ['reposts', 'saves'])
      await run(`insert into ${table} (media_id, user_id, id) select m.id, u.id, ${id('m.g', n)} from seeded_medias m join seeded_users u on u.g = 1 + mod(m.g, 3);
        insert into ${table} (media_id, user_id, id) select ${hotMedia}, id, ${id('g', users)} from seeded_users on conflict do nothing;`);
    await run(`insert into activities (media_id, actor_id, verb, type, reach, seq, fanout, day)
        select media_id, actor_id, verb, type, reach, row_number() over (order by id), 'done', uuid_extract_timestamp(id)::date
        from (select id as media_id, owner_id as actor_id, 'post' as verb, type, reach, id from medias
          union all select r.media_id, r.user_id, 'repost', m.type, 0, r.id from reposts r join medias m on m.id = r.media_id) found;
      select setval('activities_seq', (select count(*) from activities));
      update medias set reposts_count = 1;
      update medias set reposts_count = ${users}, reactions_count = ${users}, likes_count = ${users} - ${users} / 5 where id = ${hotMedia};
      insert into feed_sources (reader_id, actor_id, from_seq, is_fed) select '${reader}', id, 0, true from seeded_users where g between 2 and 201;
      insert into feed_readers (reader_id) values ('${reader}');
      insert into feed_entries (reader_id, seq, floor) select '${reader}', seq, case when row_number() over (order by seq) = 1 then true end
        from (select a.seq from activities a join feed_sources s on s.actor_id = a.actor_id order by a.seq desc limit 2000) found`);
    await run(`insert into media_mentions (media_id, user_id, id) select id, '${reader}', ${id('g', n)} from seeded_medias where mod(g, 10) = 1;
      insert into views (media_id, viewer_key, user_id, last_viewed_at) select id, '${reader}', '${reader}', now() - make_interval(secs => ${n} - g)
        from seeded_medias where mod(g, 10) = 2;
      insert into follows (follower_id, followee_id, accepted_at, id) select id, ${hotUser}, now(), ${id('g', users)} from seeded_users where g <> 2;
      insert into follows (follower_id, followee_id, accepted_at, id) select ${hotUser}, id, now(), ${id('g', users)} from seeded_users where g <> 2;
      insert into follows (follower_id, followee_id, accepted_at, id) select id, '${reader}', null, ${id('g', users)} from seeded_users where g > 2;
      insert into follows (follower_id, followee_id, accepted_at, id) select '${reader}', id, null, ${id('g', users)} from seeded_users where g > 2;
      insert into blocks (blocker_id, blocked_id, id) select '${reader}', id, ${id('g', users)} from seeded_users where mod(g, 100) = 99;
      insert into mutes (muter_id, muted_id, id) select '${reader}', id, ${id('g', users)} from seeded_users where mod(g, 100) = 98;
      insert into blocks (blocker_id, blocked_id, id) select a.id, b.id, ${id('a.g', users)} from seeded_users a join seeded_users b on b.g = a.g + 7 where a.g > 2;
      insert into mutes (muter_id, muted_id, id) select a.id, b.id, ${id('a.g', users)} from seeded_users a join seeded_users b on b.g = a.g + 7 where a.g > 2;
      insert into feed_sources (reader_id, actor_id, from_seq, is_fed) select a.id, b.id, 0, true from seeded_users a join seeded_users b on b.g = a.g + 7 where a.g > 2;`);
    await run(`insert into playlists (id, url, owner_id, title, items_count) select ${id('g', users)}, case g when ${users} then '${hot.playlist}' else 'p' || lpad(g::text, 15, '0') end,
        (select id from seeded_users where seeded_users.g = case mod(s.g, 10) when 0 then 2 else s.g end), case when mod(g, 10) = 0 then 'Evenings ' else 'Mornings ' end || g, 0 from generate_series(1::bigint, ${users}) s (g);
      insert into playlist_items (playlist_id, media_id, owner_id, rank) select (select id from playlists where url = '${hot.playlist}'), m.id, m.owner_id, 'a' || lpad(s.g::text, 9, '0')
        from seeded_medias s join medias m on m.id = s.id where mod(s.g, 10) = 4;`);
    await run(`insert into notifications (id, position, user_id, kind, in_app, media_id, actors_count, read_at, day)
        select ${id('g', n)}, g, '${reader}', case when mod(g, 1000) = 15 then 'repost' else 'like' end, true, id, 1, case when mod(g, 200) = 5 then null else now() end, current_date from seeded_medias where mod(g, 10) = 5;
      insert into notification_entries (notification_id, user_id, actor_id, act, subject_id, emoji, mail)
        select n.id, n.user_id, ${hotUser}, 'reaction', n.media_id, '👍', false from notifications n;`);
    await run(`update users u set followers_count = ${users} - 1, followings_count = ${users} - 1 where username = '${hot.user}';
      update users u set views_count = mod(s.g * 31, 5000), followers_count = greatest(followers_count, mod(s.g * 17, 900)) from seeded_users s where s.id = u.id`);
    await run('drop table seeded_users, seeded_medias, seeded_comments');
    await run('vacuum (analyze)');
  } finally {
    client.release(true);
  }
}
