import { randomUUID } from 'node:crypto';
import type { Client, Json } from './client.js';
import { Device } from './device.js';
import type { Vitrine } from './vitrine.js';

export type Person = Client & { username: string; apiKey: string };

/** Two who follow each other, and one who follows nobody and is not followed. */
export async function threePeople(vitrine: Vitrine): Promise<[Person, Person, Person]> {
  const [ada, bob, eve] = await Promise.all([vitrine.signUp(), vitrine.signUp(), vitrine.signUp()]);
  await ada.post(`/api/follows/${bob.username}`).expect(201);
  await bob.post(`/api/follows/${ada.username}`).expect(201);
  return [ada, bob, eve];
}

/** Devices that are closed together. */
export class Listening {
  private readonly devices: Device[] = [];

  async by({ origin, apiKey }: Person): Promise<Device> {
    const device = new Device(origin, { apiKey });
    this.devices.push(device);
    return device.ready();
  }

  end(): void {
    for (const device of this.devices.splice(0)) device.close();
  }
}

export const chat = (who: Person) => `/api/chats/${who.username}`;
export const write = (from: Person, to: Person, body: object) =>
  from.post(`${chat(to)}/messages`, { clientId: randomUUID(), ...body });
export const say = async (from: Person, to: Person, text: string): Promise<Json> =>
  (await write(from, to, { type: 'text', text }).expect(201)).body;
export const history = async (who: Person, other: Person, query = ''): Promise<Json> =>
  (await who.get(`${chat(other)}/messages${query}`).expect(200)).body;
export const texts = async (who: Person, other: Person): Promise<string[]> =>
  (await history(who, other)).items.map(({ text }: Json) => text);
/** The chat, as it stands in the list. */
export const item = async (who: Person, other: Person): Promise<Json> => (await who.get(chat(other)).expect(200)).body;
export const list = async (who: Person, folder = 'inbox'): Promise<Json[]> =>
  (await who.get(`/api/chats?folder=${folder}`).expect(200)).body.items;
