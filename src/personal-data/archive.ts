import type { EntityManager } from '@mikro-orm/postgresql';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Storage } from '../platform/storage/storage.js';
import type { Holding } from '../platform/database/holding.js';
import { sql } from '../platform/database/sql.js';
import { exportedRows } from './exported-rows.js';
import { inventory } from './inventory.js';

/** Files per statement. */
const batch = 2_000;

interface StoredFile {
  sha256: string;
  url: string;
  kind: string;
  filename: string;
  source_key: string;
}

/**
 * Everything an account owns as one ZIP, generated while it is read: `data/<table>.json` for each table, `files/…` with
 * the originals as they were sent, and at the end `manifest.json` with the number of rows and files.
 * @param onError gets the error that aborted it: for the reader the stream just ends
 */
export async function archiveOf(
  userId: string,
  em: EntityManager,
  storage: Storage,
  onError: (error: unknown) => void,
): Promise<Readable> {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  const fail = (error: unknown) => {
    onError(error);
    output.destroy(error as Error);
  };
  zip.on('error', fail);
  const reading = new Reading(output);
  const tables: Record<string, number> = {};
  for (const holding of inventory) {
    if (holding.exportedBy === null) continue;
    const count = (rows: number) => (tables[holding.table] = rows);
    lazily(zip, reading, `data/${holding.table}.json`, fail, async () =>
      Readable.from(jsonOf(holding, userId, em, count)),
    );
  }
  let files = 0;
  /** A page of them, when the last of the page before has its turn: there may be a million. */
  const addFiles = async (after: Pick<StoredFile, 'kind' | 'sha256'>): Promise<void> => {
    const found = await sql<StoredFile>`
      select kind, sha256, url, filename, source_key from files
      where owner_id = ${userId} and (kind, sha256) > (${after.kind}, ${after.sha256})
      order by kind, sha256 limit ${batch}`.all(em);
    files += found.length;
    const last = found.length === batch ? found.at(-1) : undefined;
    const open = async (file: StoredFile) => {
      if (file === last) await addFiles(file);
      return (await storage.open(file.source_key)).stream;
    };
    // Media are compressed already: compressing them again costs much and gains nothing.
    for (const file of found) lazily(zip, reading, nameOf(file), fail, () => open(file), false);
    if (last) return;
    lazily(zip, reading, 'manifest.json', fail, async () => {
      const manifest = { createdAt: new Date().toISOString(), tables, files };
      return Readable.from([JSON.stringify(manifest, null, 2)]);
    });
    zip.end();
  };
  await addFiles({ kind: '', sha256: '' });
  return output;
}

/** The stream being read into the archive, one at a time, to be closed when the client disconnects. */
class Reading {
  private stream: Readable | undefined;

  constructor(private readonly output: Readable) {
    output.once('close', () => this.stream?.destroy());
  }

  begin(stream: Readable): void {
    this.stream = stream;
    if (this.output.destroyed) stream.destroy();
  }
}

/** Opened when its turn comes, so that thousands of files don't hold thousands of descriptors. */
function lazily(
  zip: ZipFile,
  reading: Reading,
  name: string,
  fail: (error: unknown) => void,
  open: () => Promise<Readable>,
  compress = true,
): void {
  zip.addReadStreamLazy(name, { compress }, (give) => {
    open().then(
      (stream) => {
        reading.begin(stream);
        give(null, stream.on('error', fail));
      },
      (error: unknown) => fail(error),
    );
  });
}

async function* jsonOf(holding: Holding, userId: string, em: EntityManager, count: (rows: number) => void) {
  let seen = 0;
  yield '[';
  for await (const page of exportedRows(holding, userId, em)) {
    for (const row of page) {
      yield `${seen ? ',' : ''}\n${JSON.stringify(row)}`;
      seen += 1;
    }
  }
  count(seen);
  yield '\n]\n';
}

/** The original name, prefixed to be unique. */
function nameOf({ url, kind, filename }: StoredFile): string {
  const safe = filename
    .replace(/[^\p{L}\p{N} ._-]+/gu, '_')
    .replace(/^\.+/, '')
    .slice(0, 120);
  return `files/${kind}/${url}${safe ? `-${safe}` : extname(filename)}`;
}
