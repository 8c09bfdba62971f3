import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/platform/ports.js';
import { until } from '../setup/until.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
let dir: string;
let vitrine: ChildProcess;
let said = '';
let port: number;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vitrine-tour-'));
  port = await freePort(34_000);
  vitrine = spawn(process.execPath, [join(root, 'dist/local.js')], {
    cwd: dir,
    env: { ...process.env, PORT: String(port), DATA_DIR: join(dir, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  vitrine.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(async () => said.includes('Ctrl-C'), 'Vitrine to start');
});
afterAll(async () => {
  vitrine.kill('SIGTERM');
  await once(vitrine, 'exit');
  await rm(dir, { recursive: true, force: true });
});

/** The shell lines of the README's tour and of its avatars, as a user copies them; only the addresses are replaced by this instance's. */
async function tour(): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const sections = ['## Five-minute tour', '### Avatars for any application'].map(
    (title) => readme.split(title)[1]!.split(/\n##/)[0]!,
  );
  const script = [...sections.join('').matchAll(/```sh\n([\s\S]*?)```/g)].map(([, lines]) => lines).join('\n');
  const inbox = /Inbox +(\S+)/.exec(said)![1]!;
  return script
    .replace('http://localhost:3000', `http://localhost:${port}`)
    .replace('http://localhost:1080', inbox)
    .replaceAll('samples/', `${dir}/samples/`)
    .replace('samples samples', `samples ${dir}/samples`);
}

describe("the README's tour", () => {
  it('works line by line, and ends with pages that show what was uploaded', async () => {
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', await tour()], {
      cwd: root,
      env: { ...process.env, DATA_DIR: join(dir, 'data'), PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
      timeout: 150_000,
    });
    expect(stdout).toMatch(/thumb image\/webp \d+x\d+/);
    expect(stdout).toContain('original image/jpeg 2400x1600');
    expect(stdout).toContain('#EXT-X-STREAM-INF');
    expect(stdout).toContain('720p.m3u8');
    expect(stdout).toMatch(/bob\d+ liked “My first photo”/);
    expect(stdout).toMatch(/bob\d+ commented on “My first photo”/);
    expect(stdout).toMatch(/New followers: bob\d+/);
    expect(stdout).toMatch(/likes: 1,\s+dislikes: 0,\s+reactions: 1,\s+comments: 1/);
    expect(stdout.match(/My first photo, My first video|My first video, My first photo/g)?.length).toBeGreaterThan(0);
    // Found in spite of `firts`.
    expect(stdout).toMatch(/^My first \w+, My first \w+, My first \w+\n(?=[^]*docs\/player)/m);
    expect(stdout).toMatch(/live: bob\d+ reposted “My first song” - \d unread/);
    expect(stdout).toMatch(/bob\d+: Was that from the ferry\?/);
    expect(stdout).toMatch(/2\. From the bridge\n1\. Was that from the ferry\?/);
    expect(stdout).toMatch(/200 image\/png, \d+ bytes/);
    expect(stdout).toMatch(/"hash":"[0-9a-f]{40}","type":"jpeg"/);
    expect(stdout).toMatch(/200 image\/webp, \d+ bytes/);
    const pages = [...stdout.matchAll(/(http:\S+\/docs\/player)#(\w{16})/g)];
    expect(pages).toHaveLength(3);
    const page = await (await fetch(pages[0]![1]!)).text();
    expect(page).toContain('/docs/hls.js');
    expect((await fetch(`http://localhost:${port}/docs/hls.js`)).status).toBe(200);
    for (const [, , url] of pages) expect((await fetch(`http://localhost:${port}/api/medias/${url}`)).status).toBe(200);
  }, 180_000);
});
