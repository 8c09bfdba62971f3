/** Ids per message: what PostgreSQL's NOTIFY takes, with something beside them. */
export const maxPackedIds = 300;
/** Of a UUID in base64url. */
export const packedIdLength = 22;

/** UUIDs one after the other, as short as a message needs them. */
export const packIds = (ids: readonly string[]): string =>
  ids.map((id) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')).join('');

export const unpackIds = (packed: string): string[] =>
  Array.from({ length: packed.length / packedIdLength }, (_, i) =>
    Buffer.from(packed.slice(i * packedIdLength, (i + 1) * packedIdLength), 'base64url')
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  );

/** As many messages as are needed. */
export const packedChunks = (ids: readonly string[], size = maxPackedIds): string[] =>
  Array.from({ length: Math.ceil(ids.length / size) }, (_, i) => packIds(ids.slice(i * size, (i + 1) * size)));
