/** RFC 5646, 4.4.1: what a field for language tags has to hold. */
const longest = 35;

/** A language as containers write it (ISO 639-2: `ger` and `deu` are `de`) as a canonical BCP 47 tag; null when it is none. */
export function languageOf(code: string | undefined): string | null {
  if (!code || code.length > longest) return null;
  const known = bibliographic.get(code) ?? code;
  if (!/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/.test(known)) return null;
  const tag = canonical(known);
  return tag === null || tag.length > longest || /^und\b/.test(tag) ? null : tag;
}

/** Text of the right shape can still be no tag: variants and extensions may stand once only. */
function canonical(text: string): string | null {
  try {
    return Intl.getCanonicalLocales(text)[0] ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The codes of ISO 639-2 that have a second form, which is what BCP 47 knows. */
const bibliographic = new Map(
  Object.entries({
    ...{ alb: 'sq', arm: 'hy', baq: 'eu', bur: 'my', chi: 'zh', cze: 'cs', dut: 'nl', fre: 'fr', geo: 'ka', ger: 'de' },
    ...{ gre: 'el', ice: 'is', mac: 'mk', mao: 'mi', may: 'ms', per: 'fa', rum: 'ro', slo: 'sk', tib: 'bo', wel: 'cy' },
  }),
);
