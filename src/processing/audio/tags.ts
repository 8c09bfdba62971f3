export type Tags = { title?: string; artist?: string; album?: string; track?: string; year?: number };

/** Characters. */
const maxLength = 300;
/** Text is cut here before it is cleaned: a tag can be as large as its file. */
const maxRawLength = 10_000;

/** Names of each tag in ID3, Vorbis comments, MP4 atoms and ASF, in order of preference. */
const names = {
  title: ['title'],
  artist: ['artist', 'album_artist', 'author'],
  album: ['album'],
  track: ['track', 'tracknumber'],
} as const;
const yearNames = ['date', 'year', 'originaldate'];

/** Text from a file is untrusted: each tag becomes one line as of `lineOf`. */
export function tagsOf(raw: Record<string, string>): Tags {
  const byName = new Map(Object.entries(raw).map(([key, value]) => [key.toLowerCase(), lineOf(value)]));
  const first = (keys: readonly string[]) => keys.map((key) => byName.get(key)).find(Boolean);
  const texts = Object.entries(names).flatMap(([tag, keys]) => {
    const value = first(keys);
    return value ? [[tag, value]] : [];
  });
  const year = yearNames.map((key) => Number(/\d{4}/.exec(byName.get(key) ?? '')?.[0])).find((y) => y > 0);
  return { ...Object.fromEntries(texts), ...(year ? { year } : {}) };
}

/** One line of limited length without control characters and lone surrogates. */
export function lineOf(text: string): string {
  const line = text
    .slice(0, maxRawLength)
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return [...line].slice(0, maxLength).join('');
}
