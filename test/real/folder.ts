import { statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { isLeftOut, mediaFolder } from '../setup/needs.js';

/** A folder that is named but not there is a mistake to be seen, and no reason to skip. */
if (mediaFolder && !statSync(mediaFolder, { throwIfNoEntry: false })?.isDirectory())
  throw new Error(`VITRINE_MEDIA is ${mediaFolder}, which is no folder`);

export const describeReal = isLeftOut('real') ? describe.skip : describe;

export const pathOf = (file: string): string => join(mediaFolder, file);
export const read = (file: string): Promise<Buffer> => readFile(pathOf(file));

/** Every file in some folders of it, as paths relative to it. */
export async function filesIn(...folders: string[]): Promise<string[]> {
  if (!mediaFolder) return [];
  const found = folders.map(async (folder) => {
    const entries = await readdir(pathOf(folder), { withFileTypes: true, recursive: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => join(parentPath, name).slice(join(mediaFolder, '/').length));
  });
  return (await Promise.all(found)).flat().toSorted();
}
