import { toNfcLeniently } from '../platform/unicode.js';

/** UTF-16 units to read, from the end of the given name. */
const maxRead = 2_048;

/**
 * The client's name for a file, safe to display: the last part of a path, without control characters and bidi
 * overrides, at most 255 characters. Never part of our own paths.
 */
export function cleanFilename(given: string | null | undefined): string {
  const last =
    toNfcLeniently((given ?? '').slice(-maxRead))
      .split(/[/\\]/)
      .at(-1) ?? '';
  const name = last.replace(/[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069\uFFFD]/gu, '').trim();
  const cut = [...name].slice(0, 255).join('').slice(0, 255);
  return cut === '' || cut === '.' || cut === '..' ? 'file' : cut;
}
