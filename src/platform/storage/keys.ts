/** A key that this application would not make: refused before it meets a file system or a bucket. */
export class BadKey extends Error {
  constructor(key: string) {
    super(`Not a storage key: ${JSON.stringify(key)}`);
  }
}

const maxKeyLength = 512;
/** One segment: no leading dot, so neither `.` nor `..` nor a hidden file; shorter than any file system asks. */
const segment = '[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}';
export const keyPattern = new RegExp(`^${segment}(/${segment})*$`);
export const folderPattern = new RegExp(`^(${segment}/)+$`);

/** @throws {BadKey} */
export function checkKey(key: string): string {
  if (key.length > maxKeyLength || !keyPattern.test(key)) throw new BadKey(key);
  return key;
}

/** A folder is written with its final slash, so that `files/a/1/` never means `files/a/12/x`. @throws {BadKey} */
export function checkFolder(prefix: string): string {
  if (prefix.length > maxKeyLength || !folderPattern.test(prefix)) throw new BadKey(prefix);
  return prefix;
}

/**
 * Everything stored for one file. The two characters spread the files over 256 folders; they are the last two
 * because a UUIDv7 begins with the time.
 */
export const fileFolder = (fileId: string) => checkFolder(`files/${fileId.slice(-2)}/${fileId}/`);

export const originalKey = (fileId: string) => checkKey(`${fileFolder(fileId)}original`);

/** @param name with its extension: `w640.webp`, `hls/720p/init.mp4` */
export const renditionKey = (fileId: string, name: string) => checkKey(`${fileFolder(fileId)}${name}`);

/** Everything stored for one version of an avatar. @param hash 40 hex digits, or `default` */
export const avatarFolder = (hash: string, version: string) =>
  checkFolder(`avatars/${hash.slice(0, 2)}/${hash}/${version}/`);

/** @param name `256.webp` */
export const avatarKey = (hash: string, version: string, name: string) =>
  checkKey(`${avatarFolder(hash, version)}${name}`);
