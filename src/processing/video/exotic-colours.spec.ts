import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveBinaries, type Binaries } from '../run/binaries.js';
import { run } from '../run/process.js';
import { deriveVideo } from './video.js';

let dir: string;
let binaries: Binaries;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'colours-'));
  binaries = await resolveBinaries();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const make = async (name: string, ...args: string[]) => {
  await run(binaries.ffmpeg, ['-v', 'error', '-y', ...args, name], { cwd: dir });
  return path.join(dir, name);
};
const derive = (input: string) =>
  deriveVideo(input, path.join(dir, `out-${++count}`), { binaries, threads: 2, signal: AbortSignal.timeout(60_000) });
const plain = 'color=0xa04030:size=64x48:rate=5:duration=0.4,format=gbrp';
const labels = 'setparams=color_primaries=bt709:color_trc=bt709:colorspace=gbr:range=pc';
const ffv1 = ['-c:v', 'ffv1'];
const source = (filters: string) => make(`${++count}.mkv`, '-f', 'lavfi', '-i', `${plain},${filters}`, ...ffv1);

/** All matrices that `setparams` can declare. */
const matrices = [
  ...['gbr', 'bt709', 'unknown', 'fcc', 'bt470bg', 'smpte170m', 'smpte240m', 'ycgco', 'bt2020nc', 'bt2020c'],
  ...['smpte2085', 'chroma-derived-nc', 'chroma-derived-c', 'ictcp'],
];

it.each(matrices)('processes a video with the declared matrix %s, in SDR and in HDR', async (matrix) => {
  for (const [primaries, transfer] of [
    ['bt709', 'bt709'],
    ['bt2020', 'smpte2084'],
    ['unknown', 'arib-std-b67'],
  ]) {
    const declared = `setparams=color_primaries=${primaries}:color_trc=${transfer}:colorspace=${matrix}`;
    const { renditions } = await derive(await source(`format=yuv420p,${declared}`));
    expect(renditions).toHaveLength(1);
  }
});

it('processes HDR with primaries that no filter converts, and wide colours in 4:1:1', async () => {
  for (const declared of ['color_primaries=jedec-p22:color_trc=smpte2084', 'color_primaries=bt2020:color_trc=bt709']) {
    const { renditions } = await derive(await source(`format=yuv411p,setparams=${declared}:colorspace=bt2020nc`));
    expect(renditions).toHaveLength(1);
  }
});

const linear = 'zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt2020';
it.each([
  ['YCgCo', 'zscale=m=ycgco:r=tv,format=yuv420p'],
  ['YCgCo in full range', 'zscale=m=ycgco:r=pc,format=yuv444p'],
  ['BT.2020 with constant luminance', `${linear},zscale=t=bt709:m=bt2020c:r=tv,format=yuv420p10le`],
  ['BT.2020 as RGB', `${linear},zscale=t=bt709:m=gbr:r=pc,format=gbrp10le`],
  ['PQ as ICtCp', `${linear},zscale=t=smpte2084:m=ictcp:r=tv:npl=100,format=yuv420p10le`],
  ['HLG as ICtCp', `${linear},zscale=t=arib-std-b67:m=ictcp:r=tv:npl=100,format=yuv420p10le`],
])('keeps the colours of %s', async (_, converted) => {
  const video = await derive(await source(`${labels},${converted}`));
  const still = await make(`still-${++count}.png`, '-i', video.renditions[0]!.path, '-frames:v', '1', '-update', '1');
  for (const picture of [still, video.poster.outputs[0]!.path]) {
    const means = (await sharp(picture).stats()).channels.map(({ mean }) => mean);
    [0xa0, 0x40, 0x30].forEach((value, i) => expect(Math.abs(means[i]! - value), `${means}`).toBeLessThan(12));
  }
});
