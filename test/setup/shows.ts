import type { Who } from './traces.js';

/** What a list can show; `tag` is a tag's plain name. */
export type Thing = 'media' | 'file' | 'playlist' | 'comment' | 'away' | 'tag';
export interface State {
  name: string;
  enter: () => Promise<unknown>;
  /** The account is disabled. */
  isClosed?: boolean;
  /** Who may see media, playlist and comment by their addresses, or in their own lists. */
  seenBy: Who[];
  /** Who sees them in everybody's lists, and in those of their owner. */
  listedFor: Who[];
  listedByOwnerFor: Who[];
}
export interface At {
  who: Who;
  state: State;
  address: string;
  /** Whose things are in the address: the owner's, the stranger's, or the caller's own. */
  of: 'owner' | 'other' | 'self';
}
type Rule = (at: At) => boolean;

const sees: Rule = ({ who, state }) => state.seenBy.includes(who);
const keeps: Rule = (at) => at.who !== 'anybody' && sees(at);
const meets: Rule = ({ who, state, address, of }) =>
  address.includes('username=me')
    ? who === 'owner' && state.seenBy.includes(who)
    : address.includes('username=')
      ? of === 'owner' && state.listedByOwnerFor.includes(who)
      : state.listedFor.includes(who);
const isOwn = ({ who, of }: At) => of === 'self' || who === (of === 'owner' ? 'owner' : 'stranger');
const reposted: Rule = (at) => (isOwn(at) ? keeps(at) : meets(at));
/** In a playlist, which is public unless it is the owner's: that one is as visible as the media. */
const gathered: Rule = (at) => (isOwn(at) ? keeps(at) : at.state.listedByOwnerFor.includes(at.who));
/** Cover of a playlist: one's own covers show everything one can see. */
const covers: Rule = (at) =>
  at.state.listedByOwnerFor.includes(at.who) || (keeps(at) && (isOwn(at) || !at.address.includes('username=person-')));
const underForeign: Rule = ({ who, state }) => who !== 'blocked' && !state.isClosed;
/** The owner is notified of others' acts, others of being mentioned, the follower also of publishing. */
const told: Rule = (at) => {
  if (at.address.includes('kind=like')) return at.who === 'owner' && sees(at);
  return at.address.includes('kind=media_published') ? at.who === 'follower' && meets(at) : keeps(at);
};
/** In the feed of its owner, and of whoever reposted it. */
const published: Rule = (at) =>
  (at.of === 'owner' || (at.of === 'self' && at.who === 'owner')
    ? at.state.listedByOwnerFor
    : at.state.listedFor
  ).includes(at.who);
/** Two follow who reposted it: one of them is its owner. */
const followed: Rule = (at) => ['owner', 'follower'].includes(at.who) && at.state.listedFor.includes(at.who);
const type =
  (wanted: string, rule: Rule): Rule =>
  (at) =>
    at.address.includes(`type=${wanted}`) && rule(at);

/** `users`: it also lists other users. */
type Shown = Partial<Record<Thing, Rule>> & { users?: true };
/** Which list shows what to whom; a list that is missing here fails the test. */
export const shows: Record<string, Shown> = {
  '/api/medias': { media: meets, users: true },
  '/api/medias/search/{term}': { media: meets, users: true },
  '/api/medias/{url}/likes': { users: true },
  '/api/medias/{url}/reposts': { users: true },
  '/api/comments/medias/{mediaUrl}': {
    media: (at) => at.of !== 'other' && sees(at),
    comment: (at) => at.of !== 'other' && sees(at),
    away: (at) => at.of === 'other' && underForeign(at),
    users: true,
  },
  '/api/comments/{url}/replies': { media: (at) => at.of !== 'other' && sees(at), users: true },
  '/api/comments/{url}/likes': { users: true },
  '/api/feeds/global': { media: meets, users: true },
  '/api/feeds/user/{username}': { media: published, users: true },
  '/api/feeds/notifications': { media: told, users: true },
  '/api/feeds/timeline': { media: followed, users: true },
  '/api/feeds/timeline-aggregated': { media: followed, users: true },
  '/api/users': { users: true },
  '/api/users/search/{term}': { users: true },
  '/api/users/{username}/followers': { users: true },
  '/api/users/{username}/followings': { users: true },
  '/api/users/{username}/reposts': { media: reposted },
  '/api/users/me/saved': { media: keeps },
  '/api/users/me/reacted': { media: keeps },
  '/api/users/me/history': { media: keeps },
  '/api/users/me/mentions': { media: keeps },
  '/api/users/me/sessions': {},
  '/api/users/me/api-keys': {},
  '/api/follows/requests': { users: true },
  '/api/follows/requested': { users: true },
  '/api/blocks': { users: true },
  '/api/mutes': { users: true },
  '/api/chats': { users: true },
  '/api/chats/search': { users: true },
  '/api/chats/{username}/messages': { users: true },
  '/api/notifications': { media: told, users: true },
  '/api/playlists': { playlist: meets, file: covers, users: true },
  '/api/playlists/search/{term}': { playlist: meets, file: covers, users: true },
  '/api/playlists/{url}/medias': { media: gathered },
  '/api/tags/{name}/medias': { media: meets },
  '/api/search': {
    media: type('medias', meets),
    playlist: type('playlists', meets),
    file: (at) => (at.address.includes('type=playlists') ? covers(at) : type('medias', meets)(at)),
    tag: type('tags', ({ state }) => state.listedFor.includes('anybody')),
    users: true,
  },
};

/** Whether a word of the thing may appear: files, tags and comments of a media also appear where the media does. */
export function isDue(thing: Thing, at: At, rules: Shown): boolean {
  if (thing === 'media' || thing === 'playlist') return rules[thing]?.(at) ?? false;
  if (thing === 'away') return (rules.away ?? underForeign)(at);
  return (rules[thing]?.(at) ?? false) || (rules.media?.(at) ?? false);
}
