import { toNfcLeniently } from '../platform/unicode.js';

/** Units of the given name that are looked at, from its end. */
const maxRead = 2_048;

/**
 * The client's name for a file, safe to show: the last part of a path, without control characters and bidi
 * overrides, at most 255 characters. It never becomes part of a path of ours.
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
