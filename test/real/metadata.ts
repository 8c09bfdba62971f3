import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import exifr from 'exifr';
import sharp from 'sharp';
import { ffprobe } from '../setup/make-media.js';

const exec = promisify(execFile);

type Facts = Record<string, unknown>;

/** Where, with what, by whom and when it was taken. */
const telling =
  /GPS|Latitude|Longitude|Location|Coordinates|Make|Model|Serial|Lens|Owner|HostComputer|Software|UniqueID|DateTimeOriginal|CreationDate|IFD0:Artist|\b(XMP|IPTC|MakerNotes|MPF|MPImage|Photoshop|Raw profile)/i;
/** A colour profile names its device, and is kept intentionally; the file's own name is ours. */
const harmless = /^(ICC|System|ExifTool|SourceFile)/;

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['-ver'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const withExiftool = async (files: string[]): Promise<Facts[]> => {
  const { stdout } = await exec('exiftool', ['-j', '-G1', '-a', '-ee', '-api', 'largefilesupport=1', ...files]);
  return JSON.parse(stdout) as Facts[];
};

/** exifr needs a bare TIFF block; JPEG prefixes it with six bytes. */
const exifOf = async (block: Buffer | undefined): Promise<Facts | undefined> => {
  if (!block) return undefined;
  const start = block.toString('latin1', 0, 4) === 'Exif' ? 6 : 0;
  return (await exifr.parse(block.subarray(start), true).catch(() => undefined)) as Facts | undefined;
};

const withLibraries = (files: string[]): Promise<Facts[]> =>
  Promise.all(
    files.map(async (file): Promise<Facts> => {
      const image = await sharp(file)
        .metadata()
        .catch(() => null);
      if (!image) {
        const { format, streams } = await ffprobe(file);
        return Object.assign({}, format.tags, ...streams.map((stream) => (stream as { tags?: Facts }).tags)) as Facts;
      }
      const blocks = { 'XMP:': image.xmp?.some(Boolean), 'IPTC:': image.iptc };
      const found = Object.entries(blocks).filter(([, block]) => block);
      const comments = image.comments?.map(({ keyword, text }) => [keyword, text]) ?? [];
      return { ...(await exifOf(image.exif)), ...Object.fromEntries([...found, ...comments]) };
    }),
  );

export const reader = isInstalled('exiftool') ? 'exiftool' : 'exifr and ffprobe';
const readAll = reader === 'exiftool' ? withExiftool : withLibraries;

/**
 * What files reveal about place, device and person, as `file name: fact = value`.
 * @param files by name
 */
export async function tellTales(files: Record<string, Buffer>): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-tell-'));
  try {
    const named = Object.entries(files).map(([name, bytes], i) => ({ name, bytes, path: join(dir, `${i}.bin`) }));
    for (const { path, bytes } of named) await writeFile(path, bytes);
    const facts = await readAll(named.map(({ path }) => path));
    return named.flatMap(({ name }, i) =>
      Object.entries(facts[i] ?? {})
        .filter(([fact]) => telling.test(fact) && !harmless.test(fact))
        .map(([fact, value]) => `${name}: ${fact} = ${String(value)}`),
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
