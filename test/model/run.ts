import { expect } from 'vitest';
import type { Vitrine } from '../setup/vitrine.js';
import { perform } from './act.js';
import { look } from './looking.js';
import { picture } from './picture.js';
import { actOf, type Operation } from './script.js';
import { notificationErrors } from './telling.js';
import { newWorld, type Person, type World } from './world.js';

/**
 * Runs all scripts in parallel; throws if the world then differs from the facts.
 * @param trouble caused in the meantime, and a little longer
 */
export async function run(vitrine: Vitrine, scripts: Operation[][], trouble?: () => Promise<void>): Promise<void> {
  const world = await newWorld(vitrine);
  const playing = scripts.map((script, actor) => play(world, actor, script));
  await trouble?.();
  const complaints = await Promise.all(playing);
  expect(complaints.flat(), 'answers that nobody may get').toEqual([]);
  await vitrine.settled();
  await readFollows(world);
  for (const viewer of world.people.keys())
    expect(await look(world, viewer), `what ${viewer} sees`).toEqual(picture(world, viewer));
  const wrong = await Promise.all(world.people.map((_, reader) => notificationErrors(world, reader)));
  expect(wrong.flat(), 'what people are notified of').toEqual([]);
}

async function play(world: World, actor: number, script: Operation[]): Promise<string[]> {
  const complaints: string[] = [];
  for (const operation of script) {
    if (operation.verb === 'read') await readAll(world.people[actor]!);
    else {
      const act = actOf(world, actor, operation);
      const complaint = act && (await perform(world, actor, act));
      if (complaint) complaints.push(complaint);
    }
  }
  return complaints;
}

async function readAll({ client }: Person): Promise<void> {
  const { body } = await client.get('/api/notifications?limit=1').expect(200);
  if (body.newestCursor) await client.put('/api/notifications/read', { upTo: body.newestCursor }).expect(204);
}

/** If either of two users could end a follow, the order in the database decides: read it. Otherwise it is known. */
async function readFollows({ people, facts }: World): Promise<void> {
  for (const [follower, { client }] of people.entries()) {
    const names = (await client.all('/api/users/me/followings')).map(({ username }) => username);
    for (const [followee, { username }] of people.entries()) {
      const isThere = names.includes(username);
      if (!facts.tried.partings.has(follower, followee))
        expect(isThere, `${follower} follows ${followee}`).toBe(facts.follows.has(follower, followee));
      if (isThere) expect(facts.meet(follower, followee), 'nobody follows across a block').toBe(true);
      facts.follows.set(follower, followee, isThere);
    }
  }
}
