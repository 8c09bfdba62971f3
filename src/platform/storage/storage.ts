import type { Readable } from 'node:stream';

/** Both ends included, in bytes, as in HTTP (RFC 9110, 14.1.2). No `end`: up to the last byte. */
export interface ByteRange {
  start: number;
  end?: number;
}

export interface Stored {
  /** Of the whole object. */
  bytes: number;
  modifiedAt: Date;
}

export interface Opened extends Stored {
  /** To be read to its end or destroyed: it holds a file descriptor or a connection. */
  stream: Readable;
  /** Bytes the stream will give: less than `bytes` for a range. */
  length: number;
}

export interface Listed extends Stored {
  key: string;
}

export class NotStored extends Error {
  constructor(readonly key: string) {
    super(`Nothing is stored under ${key}`);
  }
}

/** The range starts after the last byte; `bytes` is what the object has. */
export class OutOfRange extends Error {
  constructor(
    readonly key: string,
    readonly bytes: number,
  ) {
    super(`The range starts after the ${bytes} bytes of ${key}`);
  }
}

/** Disk, quota or bucket is full: the same attempt can succeed later. */
export class StorageFull extends Error {
  constructor(cause: unknown) {
    super('The storage is full', { cause });
  }
}

/**
 * Where the bytes live. Also the injection token. Keys come from `keys.ts`; every method throws `BadKey` for one
 * that could not have.
 */
export abstract class Storage {
  /**
   * A local directory for files on their way in. On disk it shares the store's file system, so that `put` of a file
   * lying here is a rename.
   */
  abstract readonly staging: string;

  /**
   * Stores the file durably, whole or not at all, over whatever was there. The local file is gone afterwards;
   * when `put` fails it is left as it was.
   * @throws {StorageFull}
   */
  abstract put(key: string, source: { path: string }, options: { contentType: string }): Promise<void>;

  /** @throws {NotStored} @throws {OutOfRange} an `end` beyond the last byte is no error, a `start` is */
  abstract open(key: string, range?: ByteRange): Promise<Opened>;

  abstract stat(key: string): Promise<Stored | null>;

  /**
   * A public address that answers the object for so long, as the type it was stored with; null where the store has
   * none.
   */
  abstract addressOf(key: string, seconds: number): Promise<string | null>;

  /** Deleting what is not there is no error. */
  abstract delete(key: string): Promise<void>;

  /** @param prefix a folder, written with its final slash */
  abstract deletePrefix(prefix: string): Promise<void>;

  /** In ascending order of keys. @param prefix a folder with its final slash, or '' for everything */
  abstract list(prefix: string): AsyncIterable<Listed>;

  /**
   * Gives `use` a path to read the object from; it may be the stored file itself, so it must never be written to.
   * @param dir where a store that is not a file system may put a copy for the time of the call
   * @throws {NotStored}
   */
  abstract withLocalFile<T>(key: string, dir: string, use: (path: string) => Promise<T>): Promise<T>;

  /** For readiness: throws when the store can't be reached or written to. */
  abstract check(): Promise<void>;
}
