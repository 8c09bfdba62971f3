import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveBinaries, type Binaries } from './binaries.js';
import { argumentsOf, ffmpeg, ffprobe, untrusted } from './ffmpeg.js';

let dir: string;
let binaries: Binaries;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'ffmpeg-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));
const ctx = () => ({ binaries, threads: 1, signal: AbortSignal.timeout(20_000) });

describe('argumentsOf', () => {
  it('passes every value unchanged, in its place', () => {
    const args = argumentsOf({
      inputs: [untrusted('/in/odd: name.mp4', 'mov')],
      filters: ['[0:v]scale=2:2[v]', '[0:a]anull[a]'],
      outputs: [
        { path: 'a.mp4', options: ['-metadata', 'title=Two words'] },
        { path: 'b.mp4', options: ['-f', 'mp4'] },
      ],
    });
    expect(args.join('|')).toBe(
      '-hide_banner|-nostdin|-loglevel|error|-nostats|' +
        '-filter_complex|[0:v]scale=2:2[v]|-filter_complex|[0:a]anull[a]|' +
        '-protocol_whitelist|file|-f|mov|-i|file:/in/odd: name.mp4|-y|' +
        '-metadata|title=Two words|a.mp4|-f|mp4|b.mp4',
    );
  });
});

describe('ffmpeg', () => {
  const command = { inputs: [{ path: 'testsrc2=duration=2', options: ['-f', 'lavfi'] }] };

  it('reports its progress', async () => {
    const seen: number[] = [];
    const outputs = [{ path: 'out.mp4', options: ['-c:v', 'mpeg4'] }];
    await ffmpeg(
      { ...command, outputs },
      { ...ctx(), onProgress: (p) => seen.push(p) },
      { cwd: dir, durationMs: 2000 },
    );
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect((await readFile(path.join(dir, 'out.mp4'))).length).toBeGreaterThan(1000);
  });

  it('reports a full disk', async () => {
    const outputs = [{ path: '/dev/full', options: ['-c:v', 'mpeg4', '-f', 'avi'] }];
    const running = ffmpeg({ ...command, outputs }, ctx(), { cwd: dir });
    await expect(running).rejects.toMatchObject({ code: 'storage_full', permanent: false });
  });

  describe('reports an unsupported codec, which is not retried,', () => {
    const renamed = async (name: string, codec: string) => {
      const file = path.join(dir, `${name.replaceAll(' ', '-')}.mp4`);
      const outputs = [{ path: file, options: ['-c:v', 'libx264'] }];
      await ffmpeg({ ...command, outputs }, ctx(), { cwd: dir });
      const bytes = await readFile(file);
      bytes.write(codec, bytes.lastIndexOf('avc1'), 'latin1');
      await writeFile(file, bytes);
      return file;
    };
    it.each([
      ['is not known', 'zzz1'],
      ['has no decoder', 'evc1'],
      ['has only an experimental decoder', 'vvc1'],
    ])('if it %s', async (name, codec) => {
      const inputs = [untrusted(await renamed(name, codec), 'mov')];
      const outputs = [{ path: 'undecoded.mp4', options: ['-map', '[v]', '-c:v', 'mpeg4'] }];
      const running = ffmpeg({ inputs, filters: ['[0:0]scale=32:32[v]'], outputs }, ctx(), { cwd: dir });
      await expect(running).rejects.toMatchObject({ code: 'unsupported_codec', permanent: true });
    });
  });

  it('rejects with the reason of the signal when aborted', async () => {
    const reason = new Error('not wanted any more');
    const signal = AbortSignal.abort(reason);
    const outputs = [{ path: 'never.mp4', options: ['-c:v', 'mpeg4'] }];
    await expect(ffmpeg({ ...command, outputs }, { ...ctx(), signal }, { cwd: dir })).rejects.toBe(reason);
  });
});

describe('ffprobe', () => {
  it('reports unreadable input as damaged, without stderr in the message', async () => {
    const file = path.join(dir, 'junk.mp4');
    await writeFile(file, 'junk');
    const error = await ffprobe(file, 'mov', ['-show_format'], ctx()).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'corrupt_input', permanent: true });
    expect((error as Error).message).not.toContain(dir);
  });

  it('opens no other file or connection that the input refers to', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const file = path.join(dir, 'list.mp4');
    await writeFile(file, `#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:${port}/a.ts\n#EXT-X-ENDLIST\n`);
    // Even with the demuxer of playlists.
    for (const demuxer of ['mov', 'hls']) {
      await expect(ffprobe(file, demuxer, ['-show_streams'], ctx())).rejects.toMatchObject({ code: 'corrupt_input' });
    }
    server.close();
    expect(connections).toBe(0);
  });
});
