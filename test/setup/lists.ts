/** Not a list: its cursors only go on, and what it tells is compared with lists elsewhere (stories/sockets). */
const log = '/api/events';

/** The list routes of an OpenAPI document: those with a cursor. */
export function listRoutes(document: object): string[] {
  const { paths } = document as { paths: Record<string, Record<string, { parameters?: { name: string }[] }>> };
  return Object.entries(paths)
    .filter(([, { get }]) => get?.parameters?.some(({ name }) => name === 'cursor'))
    .map(([path]) => path)
    .filter((path) => path !== log);
}

/** Values for the parameters of a list's address. */
export interface Fixture {
  username: string;
  media: string;
  comment: string;
  playlist: string;
  tag: string;
  /** Of the caller: the id of a chat, or a username. */
  chat: string;
}

/**
 * Addresses for every way of reading a list: each of its sorts and filters.
 * @throws for a list that is not described here
 */
export function addressesOf(path: string, { username, media, comment, playlist, tag, chat }: Fixture): string[] {
  const known: Record<string, { in?: Record<string, string>; by?: string[] }> = {
    '/api/medias': {
      by: [
        ...['newest', 'oldest', 'most-viewed', 'least-viewed', 'most-liked'].map((sort) => `sort=${sort}`),
        ...['type=photo', `username=${username}`, `tag=${tag}`, 'username=me'],
        // Combinations for which there is no single index.
        ...[`username=${username}`, `tag=${tag}`, 'type=photo'].flatMap((filter) =>
          ['most-viewed', 'least-viewed', 'most-liked'].map((sort) => `${filter}&sort=${sort}`),
        ),
        ...[`username=${username}&type=photo`, `tag=${tag}&type=photo`, `username=${username}&tag=${tag}`],
        `tag=${tag}&sort=relevance`,
        `username=${username}&tag=${tag}&sort=most-viewed`,
        `username=${username}&type=photo&sort=most-viewed`,
      ],
    },
    '/api/medias/search/{term}': {
      in: { term: 'harbour' },
      by: ['', 'sort=newest', 'type=photo', `username=${username}`, `tag=${tag}`],
    },
    '/api/medias/{url}/likes': { in: { url: media }, by: ['', `emoji=${encodeURIComponent('❤️')}`] },
    '/api/medias/{url}/reposts': { in: { url: media } },
    '/api/comments/medias/{mediaUrl}': { in: { mediaUrl: media }, by: commentSorts },
    '/api/comments/{url}/replies': { in: { url: comment }, by: commentSorts },
    '/api/comments/{url}/likes': { in: { url: comment } },
    '/api/feeds/global': { by: ['', 'type=photo'] },
    '/api/feeds/user/{username}': { in: { username }, by: ['', 'type=photo'] },
    '/api/feeds/notifications': {},
    '/api/feeds/timeline': { by: ['', 'type=photo'] },
    '/api/feeds/timeline-aggregated': { by: ['', 'type=photo'] },
    '/api/users': {
      by: ['newest', 'oldest', 'most-viewed', 'least-viewed', 'most-followed', 'least-followed'].map(
        (s) => `sort=${s}`,
      ),
    },
    '/api/users/search/{term}': { in: { term: 'person' }, by: ['', 'sort=most-followed'] },
    '/api/users/{username}/followers': { in: { username } },
    '/api/users/{username}/followings': { in: { username } },
    '/api/users/{username}/reposts': { in: { username } },
    '/api/users/me/saved': {},
    '/api/users/me/reacted': {},
    '/api/users/me/history': {},
    '/api/users/me/mentions': {},
    '/api/users/me/sessions': {},
    '/api/users/me/api-keys': {},
    '/api/follows/requests': {},
    '/api/follows/requested': {},
    '/api/blocks': {},
    '/api/chats': { by: ['', 'folder=requests'] },
    '/api/chats/search': { by: ['q=harbour'] },
    '/api/chats/{username}/messages': { in: { username: chat } },
    '/api/mutes': {},
    '/api/notifications': { by: ['', 'filter=unread', 'kind=like'] },
    '/api/playlists': {
      by: ['sort=newest', 'sort=oldest', `username=${username}`, 'username=me', 'type=any'],
    },
    '/api/playlists/search/{term}': { in: { term: 'evenings' } },
    '/api/playlists/{url}/medias': { in: { url: playlist } },
    '/api/tags/{name}/medias': { in: { name: tag } },
    '/api/search': { by: ['users', 'medias', 'playlists', 'tags'].map((type) => `q=harbour&type=${type}`) },
  };
  const found = known[path];
  if (!found) throw new Error(`What can be asked of ${path}? Write it down in test/setup/lists.ts.`);
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = found.in?.[name];
    if (value === undefined) throw new Error(`What is {${name}} in ${path}? Write it down in test/setup/lists.ts.`);
    return encodeURIComponent(value);
  });
  return (found.by ?? ['']).map((query) => `${address}?${query}`);
}

const commentSorts = [
  ...['newest', 'oldest', 'most-liked', 'least-liked', 'most-disliked'],
  ...['least-disliked', 'most-replied', 'least-replied'],
].map((sort) => `sort=${sort}`);
