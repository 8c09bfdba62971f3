import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { ffmpeg, ffprobe, untrusted } from '../run/ffmpeg.js';
import { formats } from '../run/formats.js';
import { run } from '../run/process.js';

let dir: string;
let binaries: Binaries;
let server: Server;
let connections = 0;
let web: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'hostile-'));
  binaries = await resolveBinaries();
  server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  web = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.ts`;
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=5:duration=1'];
  for (const name of ['victim.ts', 'victim.mp4'])
    await run(binaries.ffmpeg, ['-v', 'error', '-y', ...source, path.join(dir, name)]);
  await mkdir(path.join(dir, 'job'));
});
beforeEach(() => {
  connections = 0;
});
afterAll(async () => {
  server.close();
  await rm(dir, { recursive: true, force: true });
});

const hls = (segment: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${segment}\n#EXT-X-ENDLIST\n`;
const dash = (base: string) =>
  `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">
  <Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1" codecs="avc1.64000a">
  <BaseURL>${base}</BaseURL></Representation></AdaptationSet></Period></MPD>`;
const concat = (file: string) => `ffconcat version 1.0\nfile '${file}'\n`;

const [absolute, relative] = [() => `file://${dir}/victim.ts`, () => '../victim.ts'];
const lists: [string, () => string][] = [
  ['HLS of a file', () => hls(absolute())],
  ['HLS of a sibling', () => hls(relative())],
  ['HLS of a host', () => hls(web)],
  ['DASH of a sibling', () => dash('../victim.mp4')],
  ['DASH of a host', () => dash(web)],
  ['concat of a sibling', () => concat('victim.ts')],
  ['concat of a host', () => concat(web)],
];

/** The demuxer that its content would select, and every one that we ever force. */
const demuxers = [...new Set(formats.flatMap(({ demuxer }) => demuxer ?? []))];

describe('a playlist with the name of a video', () => {
  it.each(lists)('%s opens no other file', async (name, list) => {
    const file = path.join(dir, 'job', 'video.mp4');
    await writeFile(file, list());
    const ctx = { binaries, threads: 1, signal: AbortSignal.timeout(30_000) };
    for (const demuxer of demuxers) {
      const outputs = [{ path: 'out.png', options: ['-frames:v', '1'] }];
      const made = ffmpeg({ inputs: [untrusted(file, demuxer)], outputs }, ctx, { cwd: path.join(dir, 'job') });
      await expect(made, `${name} as ${demuxer}`).rejects.toMatchObject({ name: 'ProcessingFailure' });
      const seen = await ffprobe<{ streams: { codec_type?: string }[] }>(file, demuxer, ['-show_streams'], ctx).catch(
        () => ({ streams: [] }),
      );
      expect(seen.streams.filter(({ codec_type }) => codec_type === 'video')).toEqual([]);
    }
    expect(await readdir(path.join(dir, 'job'))).toEqual(['video.mp4']);
    expect(connections).toBe(0);
  });

  it('is an attack if a playlist demuxer is allowed', async () => {
    const file = path.join(dir, 'job', 'open.mp4');
    await writeFile(file, hls(relative()));
    const frame = ['-frames:v', '1', path.join(dir, 'frame.png')];
    await run(binaries.ffmpeg, ['-v', 'error', '-y', '-f', 'hls', '-i', file, ...frame]);
    expect(await readdir(dir)).toContain('frame.png');
  });
});
