import { readFile, writeFile } from 'node:fs/promises';

/** Number of measured pairs of ours and the baseline. */
export interface Settings {
  pairs: number;
}

/** Required value: of the ratio to the baseline or, without one, of our own value. */
interface Goal {
  words: string;
  holds(value: number): boolean;
}
export const atMost = (limit: number): Goal => ({ words: `≤ ${limit}`, holds: (value) => value <= limit });
export const atLeast = (limit: number): Goal => ({ words: `≥ ${limit}`, holds: (value) => value >= limit });

export interface Samples {
  ours: number[];
  /** From the same runs, in the same order. */
  baseline?: number[];
}
export interface Figure {
  name: string;
  unit: string;
  /** Medians; the ratio is that of each pair. */
  ours: number;
  baseline: number | null;
  ratio: number | null;
  /** Minimum and maximum of the judged value. */
  spread: [number, number];
  goal: string | null;
  ok: boolean | null;
}

export const figures: Figure[] = [];

/** Prints one figure as a line of JSON and keeps it for the table. */
export function report(name: string, unit: string, { ours, baseline }: Samples, goal?: Goal): void {
  // The runs of a pair share the noise of their moment, so each pair has its ratio; a ratio of medians would not cancel
  // it.
  const ratios = baseline?.map((value, i) => ours[i]! / value);
  const judged = ratios ?? ours;
  const figure: Figure = {
    name,
    unit,
    ours: rounded(median(ours)),
    baseline: baseline ? rounded(median(baseline)) : null,
    ratio: ratios ? rounded(median(ratios)) : null,
    spread: [rounded(Math.min(...judged)), rounded(Math.max(...judged))],
    goal: goal?.words ?? null,
    ok: goal?.holds(median(judged)) ?? null,
  };
  figures.push(figure);
  console.log(JSON.stringify(figure));
}

/** A B A B …, after one uncounted run of each. */
export async function inTurns(
  pairs: number,
  ours: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<Required<Samples>> {
  await ours();
  await baseline();
  const samples: Required<Samples> = { ours: [], baseline: [] };
  for (let pair = 0; pair < pairs; pair++) {
    samples.ours.push(await ours());
    samples.baseline.push(await baseline());
  }
  return samples;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three significant digits. */
const rounded = (value: number): number => Number(value.toPrecision(3));

/** @returns seconds of wall-clock time */
export async function wallOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/** @returns seconds of CPU used by this process */
export async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const ticksPerSecond = 100;

/** Seconds of CPU used by a process so far, with its ended children: fields 14 to 17 of `/proc/<pid>/stat`. */
export async function cpuOfProcess(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

/**
 * @returns bytes
 * @param peak the maximum since `forgetPeak`
 */
export async function residentBytes(pid: number, peak = false): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kibibytes] = (peak ? /^VmHWM:\s+(\d+)/m : /^VmRSS:\s+(\d+)/m).exec(status) ?? [];
  return Number(kibibytes) * 1024;
}

/** Resets the kernel's peak of resident memory (proc(5), `clear_refs`). */
export const forgetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5');
