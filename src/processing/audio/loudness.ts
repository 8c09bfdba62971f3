import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What streaming services play at, LUFS. */
const target = -14;
/** EBU R 128 does not count what is quieter than this: a piece that never gets louder has no loudness. */
const silence = -70;

/** Integrated loudness per EBU R 128, and the gain that brings it to -14 LUFS; peaks are not looked at, and may clip. */
export type Loudness = { integratedLufs: number; gainDb: number };

/**
 * @param path what ffmpeg's `ametadata=print` wrote of `ebur128`; the last value is that of the whole piece
 * @returns null for silence
 */
export async function loudnessOf(path: string): Promise<Loudness | null> {
  let last: number | undefined;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const [, value] = /^lavfi\.r128\.I=(-?[\d.]+)$/.exec(line) ?? [];
    if (value !== undefined) last = Number(value);
  }
  if (last === undefined || last <= silence) return null;
  return { integratedLufs: round(last), gainDb: round(target - last) };
}

const round = (value: number) => Math.round(value * 10) / 10;
