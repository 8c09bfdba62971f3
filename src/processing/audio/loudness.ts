import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** LUFS. What streaming services play at. */
const targetLufs = -14;
/** LUFS. The absolute gate of EBU R 128: sound that never exceeds it has no loudness. */
const gateLufs = -70;

/** Integrated loudness per EBU R 128, and the gain to -14 LUFS. Ignores peaks, so applying it may clip. */
export type Loudness = { integratedLufs: number; gainDb: number };

/**
 * @param path output of ffmpeg's `ametadata=print` after `ebur128`; its last value is that of the whole song
 * @returns null for silence
 */
export async function loudnessOf(path: string): Promise<Loudness | null> {
  let last: number | undefined;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const [, value] = /^lavfi\.r128\.I=(-?[\d.]+)$/.exec(line) ?? [];
    if (value !== undefined) last = Number(value);
  }
  if (last === undefined || last <= gateLufs) return null;
  return { integratedLufs: round(last), gainDb: round(targetLufs - last) };
}

const round = (value: number) => Math.round(value * 10) / 10;
