import { readFile, statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { resolveBinaries } from '../processing/run/binaries.js';
import { broken, ok, warning, type Check } from './check.js';

const GiB = 1024 ** 3;
const minFree = { bytes: 5 * GiB, part: 0.05 };
const minOpenFiles = 4_096;
/** What the ladder, sound and pictures are made with. */
const encoders = ['libx264', 'aac', 'libmp3lame'];
const filters = ['scale', 'split', 'zscale', 'tonemap', 'ebur128', 'aresample'];

/** Each line has flags, then the name. */
const namesIn = (list: string) => new Set(list.split('\n').map((line) => line.trim().split(' ')[1]));

const disk: Check = {
  name: 'disk',
  remedy: 'Make room, or move DATA_DIR to a larger disk: uploads and processing fail when it is full.',
  run: async ({ dataDir }) => {
    const { bavail, blocks, bsize } = await statfs(resolve(dataDir)).catch(() => statfs('.'));
    const free = bavail * bsize;
    const found = `${(free / GiB).toFixed(1)} GiB free (${Math.round((100 * bavail) / blocks)} %)`;
    return [free < minFree.bytes || bavail < blocks * minFree.part ? warning(found, disk.remedy) : ok(found)];
  },
};

const media: Check = {
  name: 'ffmpeg',
  remedy: 'Install ffmpeg and ffprobe 6 or newer with libx264, and name them in FFMPEG_PATH and FFPROBE_PATH.',
  run: async ({ ffmpeg: paths }) => {
    const { ffmpeg, ffprobe } = await resolveBinaries(paths);
    const said = async (bin: string, ...args: string[]) =>
      (await promisify(execFile)(bin, ['-hide_banner', ...args], { maxBuffer: 8 * 1024 * 1024 })).stdout;
    const [version, knownEncoders, knownFilters] = await Promise.all([
      said(ffmpeg, '-version'),
      said(ffmpeg, '-encoders'),
      said(ffmpeg, '-filters'),
      said(ffprobe, '-version'),
    ]);
    const known = { encoders: namesIn(knownEncoders), filters: namesIn(knownFilters) };
    const missing = [
      ...encoders.filter((name) => !known.encoders.has(name)),
      ...filters.filter((name) => !known.filters.has(name)),
    ];
    return missing.length
      ? [broken(`lacks ${missing.join(', ')}`, media.remedy)]
      : [ok(version.split('\n', 1)[0]!.replace(/ Copyright.*/, ''))];
  },
};

const limits: Check = {
  name: 'limits',
  remedy: `Raise the limit of open files of the processes: LimitNOFILE of systemd, or \`ulimit -n ${16 * minOpenFiles}\`.`,
  run: async () => {
    const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
    const most = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
    if (most === undefined) return [ok('not known on this system')];
    const found = `${most} open files`;
    return [most !== 'unlimited' && Number(most) < minOpenFiles ? warning(found, limits.remedy) : ok(found)];
  },
};

export const machineChecks = [disk, media, limits];
