import { createHash, randomBytes } from 'node:crypto';
import { Agent, request, type RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../setup/client.js';
import { picture, song, video } from '../setup/make-media.js';
import { until } from '../setup/until.js';
import { Vitrine } from '../setup/vitrine.js';

const KiB = 1024;
let vitrine: Vitrine;
let ada: Client;
beforeAll(async () => {
  vitrine = await Vitrine.start({
    env: {
      PHOTO_MAX_BYTES: String(512 * KiB),
      QUOTA_DAY_BYTES: String(4 * 1024 * KiB),
      QUOTA_TOTAL_BYTES: String(8 * 1024 * KiB),
    },
  });
  ada = await vitrine.signUp();
});
afterAll(() => vitrine.stop());

/** Black and white, of rows that compression finds again and no picture format can smooth. */
const repeatedNoise = () => {
  const side = 2048;
  const rows = randomBytes(side * 64).map((byte) => (byte & 1) * 255);
  const pixels = Buffer.concat(Array<Uint8Array>(side / 64).fill(rows));
  return sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .png({ palette: true, colours: 2, dither: 0, compressionLevel: 9 })
    .toBuffer();
};
const isSmall = (bytes: number) => bytes < 100 * KiB;

const staged = async () => (await vitrine.stored('storage/incoming')).filter((path) => !path.endsWith('/tus'));

describe('an upload', () => {
  it('answers before processing, with the received file', async () => {
    const bytes = await picture(320, 200).png().toBuffer();
    const { body } = await ada.upload('photo', bytes, 'Föhn.png').expect(202);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(body).toEqual({
      url: expect.stringMatching(/^\w{16}$/),
      kind: 'photo',
      status: 'processing',
      bytes: bytes.length,
      sha256,
      filename: 'Föhn.png',
      href: `/api/photos/${body.url}`,
    });
  });

  it('of the same bytes answers the same file, and reveals it to nobody else', async () => {
    const bytes = await picture(321, 200).png().toBuffer();
    const { body: first } = await ada.upload('photo', bytes).expect(202);
    const { body: again } = await ada.upload('photo', bytes).expect(200);
    expect(again.url).toBe(first.url);
    const { body: theirs } = await (await vitrine.signUp()).upload('photo', bytes).expect(202);
    expect(theirs.url).not.toBe(first.url);
    const twins = await picture(322, 200).png().toBuffer();
    const answers = await Promise.all(Array.from({ length: 4 }, () => ada.upload('photo', twins)));
    expect(new Set(answers.map(({ body }) => body.url)).size).toBe(1);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 202]);
  });

  let unlike = 0;
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['a\\b\\c.png', 'c.png'],
    ['evil\u202Egnp.exe', 'evilgnp.exe'],
    ['..', 'file'],
    ['x'.repeat(400), 'x'.repeat(255)],
  ])('named %j is stored as a name only', async (given, kept) => {
    const { body } = await ada
      .upload(
        'photo',
        await picture(40, 40 + (unlike += 1))
          .png()
          .toBuffer(),
        given,
      )
      .expect(202);
    expect(body.filename).toBe(kept);
  });
});

describe('a refusal', () => {
  it('says what was found, what is allowed, and leaves nothing behind', async () => {
    const jpeg = await picture(400, 300).jpeg().toBuffer();
    const playlist = Buffer.from('#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n');
    const cases: ['photo' | 'video' | 'music', Buffer, number, string][] = [
      ['photo', Buffer.alloc(0), 422, 'empty_file'],
      ['photo', Buffer.from('just some text'), 415, 'type_not_allowed'],
      ['photo', jpeg.subarray(0, jpeg.length / 2), 422, 'corrupt_input'],
      ['photo', await claiming(16_000, 16_000), 422, 'too_many_pixels'],
      ['video', playlist, 415, 'type_not_allowed'],
      ['video', Buffer.from('ffconcat version 1.0\nfile other.mp4\n'), 415, 'type_not_allowed'],
      ['video', Buffer.from('1\n00:00:00,000 --> 00:00:01,000\nHello\n'), 415, 'type_not_allowed'],
      ['video', jpeg, 415, 'type_not_allowed'],
      ['video', Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0isommp42'), 422, 'corrupt_input'],
      ['music', await picture(20, 20).png().toBuffer(), 415, 'type_not_allowed'],
      [
        'photo',
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        415,
        'type_not_allowed',
      ],
    ];
    for (const [kind, bytes, status, reason] of cases) {
      const { body } = await ada.upload(kind, bytes, 'innocent.mp4').expect(status);
      expect({ kind, start: bytes.toString('latin1', 0, 20), reason: body.reason }).toMatchObject({ reason });
      expect(body.detail).toMatch(/\w+/);
    }
    expect(await staged()).toEqual([]);
    const { rows } = await vitrine.db.query(
      `select count(*)::int as n from uploads where state = 'open' and expires_at > now()`,
    );
    expect(rows[0].n).toBe(0);
  });

  it('names the exceeded limit', async () => {
    const { body } = await ada.upload('photo', randomBytes(700 * KiB)).expect(413, 'too_large');
    expect(body.detail).toContain('512 KiB');
  });

  it('leaves the connection usable for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const big = Buffer.concat([Buffer.from(partHead), randomBytes(3_000 * KiB), Buffer.from('\r\n--x--\r\n')]);
    const headers = {
      ...ada.credentials,
      'content-type': 'multipart/form-data; boundary=x',
      'content-length': String(big.length),
    };
    for (let i = 0; i < 3; i++) {
      expect(await statusOf(`${vitrine.origin}/api/photos/upload`, { agent, method: 'POST', headers }, big)).toBe(413);
      expect(await statusOf(`${vitrine.origin}/api/users/me`, { agent, headers: ada.credentials })).toBe(200);
    }
    agent.destroy();
  });

  it('comes for forms without the file, and for other bodies', async () => {
    const form = new FormData();
    form.set('other', new Blob(['x']), 'x');
    await ada.send('POST', '/api/photos/upload', form).expect(422, 'file_missing');
    await ada.send('POST', '/api/photos/upload', new FormData()).expect(422, 'file_missing');
    await ada.post('/api/photos/upload', {}).expect(415, 'unsupported_media_type');
    expect(await staged()).toEqual([]);
  });

  it.each([
    ['a few bytes', 3],
    ['more than is read at once', 400 * KiB],
  ])('comes for a form that ends after %s, without its last line', async (_, length) => {
    const cut = Buffer.concat([Buffer.from(partHead), randomBytes(length)]);
    await ada
      .send('POST', '/api/photos/upload', cut, { 'content-type': 'multipart/form-data; boundary=x' })
      .expect(400, 'malformed_request');
    expect(await staged()).toEqual([]);
  });

  it('comes without credentials', async () => {
    await vitrine
      .client()
      .upload('photo', await picture(9, 9).png().toBuffer())
      .expect(401, 'not_signed_in');
  });
});

describe('a client that disconnects', () => {
  it('leaves neither bytes nor a charge', async () => {
    for (let i = 0; i < 20; i++) await abortedUpload(vitrine.origin, ada.credentials);
    await until(async () => (await staged()).length === 0, 'the staging directory to be empty');
    await until(async () => {
      const { rows } = await vitrine.db.query(
        `select count(*)::int as n from uploads where state = 'open' and expires_at > now()`,
      );
      return rows[0].n === 0;
    }, 'the charges to be gone');
    await ada.upload('photo', await picture(333, 222).png().toBuffer()).expect(202);
  });
});

describe('the quota', () => {
  it('holds when many uploads come in parallel', async () => {
    const bob = await vitrine.signUp();
    const noise = () =>
      sharp(randomBytes(200 * 200 * 3), { raw: { width: 200, height: 200, channels: 3 } })
        .png()
        .toBuffer();
    const files = await Promise.all(Array.from({ length: 60 }, noise));
    const answers = await Promise.all(files.map((bytes) => bob.upload('photo', bytes)));
    const taken = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status === 413);
    const others = answers.filter((answer) => !taken.includes(answer) && !refused.includes(answer));
    expect(others.map(({ status, body }) => ({ status, body }))).toEqual([]);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]!.body).toMatchObject({ code: 'quota_exceeded', detail: expect.stringContaining('4 MiB') });
    const sum = taken.reduce((total, { body }) => total + body.bytes, 0);
    expect(sum).toBeLessThanOrEqual(4 * 1024 * KiB);
    const { body: limits } = await bob.get('/api/users/me/limits').expect(200);
    expect(limits.day).toEqual({ usedBytes: sum, allowedBytes: 4 * 1024 * KiB });
    expect(limits.total.usedBytes).toBe(sum);
    expect(limits.kinds.photo.maxBytes).toBe(512 * KiB);
  });

  it('also holds for what is made of files, which may be much more than was sent', async () => {
    const cyd = await vitrine.signUp();
    const derived = async () => (await cyd.get('/api/users/me/limits').expect(200)).body.derived;
    const allowedBytes = 32 * 1024 * KiB;
    expect(await derived()).toEqual({ usedBytes: 0, allowedBytes });
    const urls: string[] = [];
    while ((await derived()).usedBytes < allowedBytes) {
      const { body } = await cyd.upload('photo', await repeatedNoise()).expect(202);
      urls.push(body.url);
      expect(await cyd.settled(body.url)).toMatchObject({ status: 'ready', bytes: expect.toSatisfy(isSmall) });
    }
    const { rows } = await vitrine.db.query(
      'select sum(r.bytes)::int as bytes from renditions r join files f on f.id = r.file_id where f.url = any($1)',
      [urls],
    );
    expect((await derived()).usedBytes).toBe(rows[0].bytes);
    const { body } = await cyd.upload('photo', await repeatedNoise()).expect(413, 'quota_exceeded');
    expect(body).toMatchObject({ reason: 'derived_bytes', detail: expect.stringContaining('32 MiB') });

    for (const url of urls) await cyd.delete(`/api/files/${url}`).expect(204);
    expect(await derived()).toEqual({ usedBytes: 0, allowedBytes });
    await cyd.upload('photo', await repeatedNoise()).expect(202);
  });
});

describe('a file that can not be processed', () => {
  it('says why, stops its media, and can be retried', async () => {
    const { body: file } = await ada.upload('music', await song(1)).expect(202);
    await ada.settled(file.url);
    await vitrine.db.query(
      `update files set status = 'failed', failure_code = 'timed_out', progress = 0 where url = $1`,
      [file.url],
    );
    const { body: state } = await ada.get(`/api/files/${file.url}`).expect(200);
    expect(state).toMatchObject({
      status: 'failed',
      failure: { code: 'timed_out', message: expect.stringMatching(/too long/) },
    });
    await ada.post('/api/medias', { type: 'music', files: [file.url] }).expect(409, 'file_failed');
    await vitrine.db.query('delete from renditions where file_id = (select id from files where url = $1)', [file.url]);
    await ada.post(`/api/files/${file.url}/retry`).expect(202);
    expect(await ada.settled(file.url)).toMatchObject({ status: 'ready' });
    await ada.post(`/api/files/${file.url}/retry`).expect(409, 'file_not_failed');
  });

  it('fails its media with it', async () => {
    const bytes = await video('128x96', 2);
    // Valid at the start, where uploads are inspected; broken in the middle, where it is decoded.
    const broken = Buffer.concat([bytes.subarray(0, bytes.length - 30_000)]);
    const answer = await ada.upload('video', broken);
    if (answer.status === 202)
      expect(await ada.settled(answer.body.url)).toMatchObject({
        status: 'failed',
        failure: { code: 'corrupt_input' },
      });
    else expect(answer).toMatchObject({ status: 422, body: { reason: 'corrupt_input' } });
  });
});

/** A small progressive JPEG whose header declares a huge size (ITU T.81, B.2.2: SOF2 holds height and width). */
async function claiming(width: number, height: number): Promise<Buffer> {
  const bytes = await picture(64, 64).jpeg({ progressive: true }).toBuffer();
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc2]));
  bytes.writeUInt16BE(height, frame + 5);
  bytes.writeUInt16BE(width, frame + 7);
  return bytes;
}

const partHead = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n\r\n';

function statusOf(url: string, options: RequestOptions, body?: Buffer): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(url, options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    call.on('error', reject).end(body);
  });
}

/** Sends the start of an upload, then cuts the connection. */
function abortedUpload(origin: string, headers: Record<string, string>): Promise<void> {
  return new Promise((resolve) => {
    const call = request(`${origin}/api/photos/upload`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x', 'content-length': '100000' },
    });
    call.on('error', () => resolve());
    call.write(partHead);
    call.write(randomBytes(2_000));
    void sleep(20).then(() => call.destroy(new Error('gone')));
  });
}
