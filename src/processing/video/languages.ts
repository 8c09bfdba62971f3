/** Characters. RFC 5646, 4.4.1: fields for language tags must accept this many. */
const maxLength = 35;

/**
 * Converts a container's language code (ISO 639-2: `ger` and `deu` are `de`) to a canonical BCP 47 tag; null if
 * invalid.
 */
export function languageOf(code: string | undefined): string | null {
  if (!code || code.length > maxLength) return null;
  const known = bibliographic.get(code) ?? code;
  if (!/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/.test(known)) return null;
  const tag = canonical(known);
  return tag === null || tag.length > maxLength || /^und\b/.test(tag) ? null : tag;
}

/** Text of the right form can still be invalid: each variant and extension may occur only once. */
function canonical(text: string): string | null {
  try {
    return Intl.getCanonicalLocales(text)[0] ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Bibliographic codes of ISO 639-2, which BCP 47 does not use. */
const bibliographic = new Map(
  Object.entries({
    ...{ alb: 'sq', arm: 'hy', baq: 'eu', bur: 'my', chi: 'zh', cze: 'cs', dut: 'nl', fre: 'fr', geo: 'ka', ger: 'de' },
    ...{ gre: 'el', ice: 'is', mac: 'mk', mao: 'mi', may: 'ms', per: 'fa', rum: 'ro', slo: 'sk', tib: 'bo', wel: 'cy' },
  }),
);
