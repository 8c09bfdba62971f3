import { statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { isLeftOut, mediaFolder } from '../setup/needs.js';

/** A configured folder that does not exist is a mistake, not a reason to skip. */
if (mediaFolder && !statSync(mediaFolder, { throwIfNoEntry: false })?.isDirectory())
  throw new Error(`VITRINE_MEDIA is ${mediaFolder}, which is no folder`);

export const describeReal = isLeftOut('real') ? describe.skip : describe;

export const pathOf = (file: string): string => join(mediaFolder, file);
export const read = (file: string): Promise<Buffer> => readFile(pathOf(file));

/** Every file in some of its folders, as relative paths. */
export async function filesIn(...folders: string[]): Promise<string[]> {
  if (!mediaFolder) return [];
  const found = folders.map(async (folder) => {
    const entries = await readdir(pathOf(folder), { withFileTypes: true, recursive: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => join(parentPath, name).slice(join(mediaFolder, '/').length));
  });
  return (await Promise.all(found)).flat().toSorted();
}
