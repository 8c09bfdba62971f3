import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { video } from '../setup/make-media.js';
import { Siege } from '../setup/siege.js';

let siege: Siege;
let server: Server;
let host: string;
let victim: string;
let hits = 0;
beforeAll(async () => {
  siege = await Siege.begin();
  server = createServer((socket) => {
    hits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const owner = await siege.vitrine.signUp();
  await owner.publish('video', await video('64x48', 1), { visibility: 'private' });
  victim = (await siege.vitrine.stored()).find((path) => path.endsWith('.mp4'))!;
});
afterAll(async () => {
  server.close();
  await siege.end();
});

const hls = (segment: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${segment}\n#EXT-X-ENDLIST\n`;
const hlsByMap = (map: string) =>
  `#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI="${map}"\n#EXTINF:1,\n${map}\n#EXT-X-ENDLIST\n`;
const dash = (base: string) =>
  `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">
  <Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1" codecs="avc1.64000a">
  <BaseURL>${base}</BaseURL></Representation></AdaptationSet></Period></MPD>`;
const concat = (file: string) => `ffconcat version 1.0\nfile '${file}'\n`;

/** Playlists that would make ffmpeg open other files or hosts, in the form each must have. */
const lists: [string, () => string][] = [
  ["HLS of somebody else's file", () => hls(`file://${victim}`)],
  ['HLS of a sibling', () => hls('../victim.mp4')],
  ['HLS with its header elsewhere', () => hlsByMap(`${host}/init.mp4`)],
  ['HLS of a host', () => hls(`${host}/a.ts`)],
  ['HLS of a cloud', () => hls('http://169.254.169.254/latest/meta-data/')],
  ['HLS by another protocol', () => hls(`subfile,,start,0,end,9,,:${victim}`)],
  ['DASH of a host', () => dash(`${host}/`)],
  ['DASH of a sibling', () => dash('../victim.mp4')],
  ['concat of a sibling', () => concat('sibling.mp4')],
  ['concat of a host', () => concat(`${host}/a.mp4`)],
  ['a session description', () => `v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n`],
  ['subtitles', () => '1\n00:00:00,000 --> 00:00:01,000\nHello\n'],
  ['styled subtitles', () => '[Script Info]\nScriptType: v4.00+\n[Events]\nFormat: Text\nDialogue: Hello\n'],
];

describe('a playlist of other files, sent as a video', () => {
  it.each(lists)('%s: 415', async (_, list) => {
    for (const kind of ['video', 'music'] as const)
      expect(await siege.send(kind, Buffer.from(list()), 'video.mp4')).toBe('415 type_not_allowed');
  });

  it('after the first bytes of a video is a damaged video', async () => {
    const starts = {
      'video.mp4': '\0\0\0\x18ftypmp42\0\0\0\0isommp42',
      'video.mkv': '\x1aE\xdf\xa3\x84B\x82\x81\x88matroska',
    };
    for (const [name, start] of Object.entries(starts)) {
      const bytes = Buffer.concat([Buffer.from(start, 'latin1'), Buffer.from(`\n${hls(`${host}/a.ts`)}`)]);
      expect(await siege.send('video', bytes, name)).toMatch(/^(415 type_not_allowed|422 corrupt_input)$/);
    }
  });

  it('all at once: others are not affected, nobody is contacted, nothing is left', async () => {
    const outcomes = await siege.during(() =>
      Promise.all(lists.map(([, list]) => siege.send('video', Buffer.from(`${list()}\n`)))),
    );
    expect(new Set(outcomes)).toEqual(new Set(['415 type_not_allowed']));
    await siege.expectNothingLeft();
    expect(hits).toBe(0);
  });
});
