import { sha256 } from '../../src/platform/secrets.js';
import { slug } from '../../src/platform/database/slug.js';
import type { Client } from '../setup/client.js';
import type { Vitrine } from '../setup/vitrine.js';
import { Facts, type MediaFact } from './facts.js';

export const size = 8;

export interface Person {
  key: string;
  id: string;
  username: string;
  client: Client;
}
/** Eight people, and some of their medias. */
export interface World {
  people: Person[];
  facts: Facts;
}

/** Creates rows without files or mails: nobody looks at pixels here, and sign-up has its own story. */
export async function newWorld(vitrine: Vitrine): Promise<World> {
  const people = await Promise.all(Array.from({ length: size }, () => newPerson(vitrine)));
  const facts = new Facts();
  for (const [i, owner] of [0, 0, 1, 1, 2, 3].entries()) {
    const media = newMedia(owner, i % 2 ? 'video' : 'photo');
    await vitrine.db.query(
      `insert into medias (url, owner_id, type, title, status, shown, published_at) values ($1, $2, $3, $4, 'ready', true, now())`,
      [media.url, people[owner]!.id, media.type, `Of ${owner}`],
    );
    facts.medias.push(media);
  }
  return { people, facts };
}

const newMedia = (owner: number, type: MediaFact['type']): MediaFact => ({
  url: slug(),
  owner,
  type,
  deleted: false,
  reactions: new Map(),
  saves: new Set(),
  reposts: new Set(),
});

export async function newPerson(vitrine: Vitrine): Promise<Person> {
  const username = `p-${slug()}`;
  const key = `vt_${slug()}`;
  const { rows } = await vitrine.db.query<{ id: string }>(
    `with person as (
       insert into users (username, email, email_verified_at, password_hash, display_name)
       values ($1::text, $1::text || '@example.org', now(), '-', $1::text) returning id)
     insert into api_keys (user_id, name, is_default, prefix, hash, scopes)
     select id, 'default', true, 'vt_', $2, '{read,write,account}' from person returning user_id as id`,
    [username, sha256(key)],
  );
  return { id: rows[0]!.id, username, key, client: vitrine.client({ 'x-api-key': key }) };
}
