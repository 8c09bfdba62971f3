import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Client, Json } from '../setup/client.js';
import { chat, history, item, say, texts, write, Listening, threePeople, type Person } from '../setup/chats.js';
import { picture, song, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

let vitrine: Vitrine;
let ada: Person;
let bob: Person;
let eve: Person;
const listening = new Listening();
beforeAll(async () => {
  vitrine = await Vitrine.start();
});
afterAll(() => vitrine?.stop());
beforeEach(async () => {
  [ada, bob, eve] = await threePeople(vitrine);
});
afterEach(() => listening.end());

const listen = (who: Person) => listening.by(who);

describe('a message', () => {
  it('is delivered, read, answered to and reacted to, on all devices, as the API shows it', async () => {
    const [phone, laptop, bobs] = [await listen(ada), await listen(ada), await listen(bob)];
    const message = await say(ada, bob, 'See you at nine');
    expect(message).toMatchObject({ seq: 1, type: 'text', text: 'See you at nine', status: 'sent', file: null });
    const told = await bobs.hears('message.created');
    expect(told).toMatchObject({ chat: { type: 'direct', with: { username: ada.username }, folder: 'inbox' } });
    expect(told.message).toEqual((await history(bob, ada)).items[0]);
    for (const device of [phone, laptop])
      expect((await device.hears('message.created')).message).toMatchObject({ clientId: message.clientId });

    expect(await phone.hears('chat.delivered')).toMatchObject({ username: bob.username, upTo: message.id, seq: 1 });
    expect((await history(ada, bob)).items[0].status).toBe('delivered');
    expect(await item(bob, ada)).toMatchObject({ unread: 1, canMessage: true });
    await bob.put(`${chat(ada)}/read`, { upTo: message.id }).expect(204);
    expect(await laptop.hears('chat.read')).toMatchObject({ username: bob.username, upTo: message.id });
    expect((await history(ada, bob)).items[0].status).toBe('read');
    expect(await item(ada, bob)).toMatchObject({ delivered: 1, read: 1, unread: 0 });
    expect(await item(bob, ada)).toMatchObject({ unread: 0 });

    await bob.put(`${chat(ada)}/messages/${message.id}/reaction`, { emoji: '🎉' }).expect(200);
    expect(await phone.hears('message.reaction')).toMatchObject({
      messageId: message.id,
      reactions: [{ username: bob.username, emoji: '🎉' }],
    });
    const answer = (await write(bob, ada, { type: 'text', text: 'Fine', replyTo: message.id }).expect(201)).body;
    expect(answer.replyTo).toEqual({
      id: message.id,
      seq: 1,
      sender: ada.username,
      type: 'text',
      text: 'See you at nine',
    });
    await bob.delete(`${chat(ada)}/messages/${message.id}/reaction`).expect(204);
    expect(await phone.hears('message.reaction', ({ reactions }) => !reactions.length)).toMatchObject({ seq: 1 });
  });

  it('is written once, however often it is sent', async () => {
    const body = { type: 'text', text: 'Once', clientId: randomUUID() };
    const answers = await Promise.all(Array.from({ length: 5 }, () => write(ada, bob, body)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ body: { id } }) => id)).size).toBe(1);
    await write(ada, bob, { ...body, text: 'Twice' }).expect(422, 'client_id_reused');
    await ada.put(`${chat(bob)}/messages/${answers[0]!.body.id}`, { text: 'Changed' }).expect(200);
    expect((await write(ada, bob, body).expect(200)).body.text).toBe('Changed');
    await ada.delete(chat(bob)).expect(204);
    expect((await write(ada, bob, body).expect(200)).body.text).toBe('Changed');
  });

  it('has numbers without gaps, also when many are sent at once', async () => {
    await say(ada, bob, 'First');
    await Promise.all(Array.from({ length: 20 }, (_, i) => say(i % 2 ? ada : bob, i % 2 ? bob : ada, `${i}`)));
    await write(ada, bob, { type: 'photo', file: 'k3JfW0aXq9TzB7Lm' }).expect(404, 'file_not_found');
    const { items } = await history(ada, bob);
    expect(items.map(({ seq }: Json) => seq)).toEqual(Array.from({ length: 21 }, (_, i) => 21 - i));
  });

  it('can be changed for a while, by its sender', async () => {
    const bobs = await listen(bob);
    const message = await say(ada, bob, 'Hullo');
    const address = `${chat(bob)}/messages/${message.id}`;
    expect((await ada.put(address, { text: 'Hello' }).expect(200)).body).toMatchObject({
      text: 'Hello',
      editedAt: expect.any(String),
    });
    expect((await bobs.hears('message.edited')).message).toMatchObject({ text: 'Hello' });
    await bob.put(`${chat(ada)}/messages/${message.id}`, { text: 'Mine' }).expect(403, 'not_yours');
    await ada.put(address, { text: '' }).expect(422, 'validation_failed');
    await eve.put(address, { text: 'x' }).expect(404, 'chat_not_found');
    await vitrine.db.query(`update messages set created_at = now() - interval '16 minutes' where id = $1`, [
      message.id,
    ]);
    await ada.put(address, { text: 'Late' }).expect(409, 'edit_too_late');
  });

  it('is deleted for oneself, or by its sender for everyone, and its number stays', async () => {
    const bobs = await listen(bob);
    const [first, second] = [await say(ada, bob, 'One'), await say(ada, bob, 'Two')];
    await bob.put(`${chat(ada)}/messages/${second.id}/reaction`, { emoji: '👍' }).expect(200);
    for (const _ of ['once', 'again']) await bob.delete(`${chat(ada)}/messages/${first.id}?for=me`).expect(204);
    expect(await bobs.hears('message.deleted')).toMatchObject({ messageId: first.id, for: 'me' });
    expect(await texts(bob, ada)).toEqual(['Two']);
    expect(await texts(ada, bob)).toEqual(['Two', 'One']);
    await bob.delete(`${chat(ada)}/messages/${second.id}?for=everyone`).expect(403, 'not_yours');
    for (const _ of ['once', 'again']) await ada.delete(`${chat(bob)}/messages/${second.id}?for=everyone`).expect(204);
    expect(await bobs.hears('message.deleted', (told) => told.for === 'everyone')).toMatchObject({ seq: 2 });
    for (const [who, other] of [
      [ada, bob],
      [bob, ada],
    ] as const)
      expect((await history(who, other)).items[0]).toMatchObject({
        ...{ seq: 2, text: '', file: null, reactions: [], deletedAt: expect.any(String) },
      });
    await bob.put(`${chat(ada)}/messages/${second.id}/reaction`, { emoji: '👍' }).expect(404, 'message_not_found');
    expect((await bob.get('/api/chats/search?q=two').expect(200)).body.items).toEqual([]);
  });
});

describe('a file', () => {
  it('of each type is sent, also while it is processed, and only the two can open it', async () => {
    const bobs = await listen(bob);
    const uploaded = async (kind: 'photo' | 'video' | 'music', bytes: Buffer): Promise<string> =>
      (await ada.upload(kind, bytes).expect(202)).body.url;
    const photo = await uploaded('photo', await picture(320, 200).jpeg().toBuffer());
    const music = await uploaded('music', await song(2));
    const files = {
      photo,
      video: await uploaded('video', await video('256x144', 1)),
      voice: music,
      audio: music,
    };
    for (const [type, file] of Object.entries(files))
      expect((await write(ada, bob, { type, file, text: `A ${type}` }).expect(201)).body).toMatchObject({
        type,
        text: `A ${type}`,
      });
    for (const file of Object.values(files)) await ada.settled(file);
    expect(
      (await bobs.hears('message.updated', ({ message }) => message.file.url === files.video, 30_000)).message.file,
    ).toMatchObject({ status: 'ready', kind: 'video', expiresAt: expect.any(String) });
    const { items } = await history(bob, ada);
    for (const { file } of items) {
      const anybody = vitrine.client();
      await anybody.get(file.href).expect(200);
      await anybody.get(file.href.replace(/\?.*/, '')).expect(404);
      await eve.get(file.href.replace(/\?.*/, '')).expect(404);
      for (const { href } of file.renditions) await anybody.get(href).expect(200);
    }
    await write(ada, bob, { type: 'video', file: photo }).expect(422, 'file_kind_mismatch');
    await write(bob, ada, { type: 'photo', file: photo }).expect(404, 'file_not_found');
    await write(ada, bob, { type: 'photo' }).expect(422, 'validation_failed');
    await write(ada, bob, { type: 'text', text: 'x', file: photo }).expect(422, 'validation_failed');
    await ada.delete(`/api/files/${photo}`).expect(409, 'file_in_use');

    const sent = items.find(({ type }: Json) => type === 'photo');
    await ada.delete(`${chat(bob)}/messages/${sent.id}?for=everyone`).expect(204);
    await vitrine.client().get(sent.file.href).expect(404);
    await ada.delete(`/api/files/${photo}`).expect(204);
  });

  it('that cannot be processed says why to both', async () => {
    const devices = [await listen(ada), await listen(bob)];
    const bytes = await video('320x180', 1);
    // A codec that there is not: it is found out when it is decoded.
    bytes.write('zzz1', bytes.lastIndexOf('avc1'), 'latin1');
    const { url } = (await ada.upload('video', bytes).expect(202)).body;
    const { id } = (await write(ada, bob, { type: 'video', file: url }).expect(201)).body;
    const { failure } = await ada.settled(url);
    expect(failure).toMatchObject({ code: 'unsupported_codec', message: expect.any(String) });
    for (const device of devices) {
      const told = await device.hears('message.updated', ({ message }) => message.id === id);
      expect(told.message.file).toMatchObject({ url, status: 'failed', failure });
    }
    for (const [who, other] of [
      [ada, bob],
      [bob, ada],
    ] as const)
      expect((await history(who, other)).items[0].file).toMatchObject({ status: 'failed', failure });
  });

  it('of any kind is downloaded as it was sent', async () => {
    const bytes = Buffer.from('%PDF-1.7\nminutes');
    const url = await tusFile(ada, bytes, 'minutes.pdf');
    expect((await ada.get(`/api/files/${url}`).expect(200)).body.status).toBe('ready');
    await write(ada, bob, { type: 'file', file: url, caption: 'The minutes' }).expect(201);
    const [{ file, text }] = (await history(bob, ada)).items;
    expect(text).toBe('The minutes');
    const answer = await vitrine.client().get(file.href).expect(200);
    expect(answer.bytes).toEqual(bytes);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="?minutes.pdf/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    for (const client of [eve, vitrine.client()]) await client.get(`/api/files/${url}/content`).expect(404);
  });

  it('is in a media and in messages, and each outlives the other', async () => {
    const { body: file } = await ada.upload('photo', await picture(200, 200).jpeg().toBuffer()).expect(202);
    await ada.settled(file.url);
    const message = (await write(ada, bob, { type: 'photo', file: file.url }).expect(201)).body;
    const media = (await ada.post('/api/medias', { type: 'photo', files: [file.url] }).expect(201)).body;
    await ada.delete(`/api/medias/${media.url}`).expect(204);
    const sent = (await history(bob, ada)).items[0];
    expect(sent.id).toBe(message.id);
    await vitrine.client().get(sent.file.href).expect(200);
    const comment = await ada.publish('photo', await picture(90, 90).jpeg().toBuffer());
    const { body: said } = await ada
      .post(`/api/comments/medias/${comment.url}`, { text: 'Look', attachment: file.url })
      .expect(201);
    await ada.delete(`/api/comments/${said.url}`).expect(204);
    expect(
      (await vitrine.db.query('select unused_since from files where url = $1', [file.url])).rows[0].unused_since,
    ).toBeNull();
  });
});

async function tusFile(who: Client, bytes: Buffer, name: string): Promise<string> {
  const headers = { 'tus-resumable': '1.0.0' };
  const metadata = `kind ${btoa('file')},filename ${btoa(name)}`;
  const { headers: made } = await who
    .send('POST', '/api/uploads', undefined, {
      ...{ ...headers, 'upload-length': String(bytes.length), 'upload-metadata': metadata },
    })
    .expect(201);
  const address = new URL(made.get('location')!, vitrine.origin).pathname;
  const type = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
  await who.send('PATCH', address, bytes, { ...headers, ...type }).expect(204);
  return until(async () => {
    const { rows } = await vitrine.db.query<{ url: string }>('select url from files where filename = $1', [name]);
    return rows[0]?.url;
  }, 'the file');
}
