import { readFile, writeFile } from 'node:fs/promises';

/** How often a pair of ours and the baseline is measured. */
export interface Settings {
  pairs: number;
}

/** What a figure has to be: of the ratio to its baseline or, where there is none, of our own value. */
interface Goal {
  words: string;
  holds(value: number): boolean;
}
export const atMost = (limit: number): Goal => ({ words: `≤ ${limit}`, holds: (value) => value <= limit });
export const atLeast = (limit: number): Goal => ({ words: `≥ ${limit}`, holds: (value) => value >= limit });

export interface Samples {
  ours: number[];
  /** Of the same runs, in the same order. */
  baseline?: number[];
}
export interface Figure {
  name: string;
  unit: string;
  /** Medians, the ratio of each pair for itself. */
  ours: number;
  baseline: number | null;
  ratio: number | null;
  /** Lowest and highest of what the goal is about. */
  spread: [number, number];
  goal: string | null;
  ok: boolean | null;
}

export const figures: Figure[] = [];

/** Prints one figure as a line of JSON and keeps it for the table. */
export function report(name: string, unit: string, { ours, baseline }: Samples, goal?: Goal): void {
  // Neighbours share the noise of their moment; the ratio of two medians would not.
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

/** A B A B …, after one of each that nobody counts. */
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

/** Three digits that count. */
const rounded = (value: number): number => Number(value.toPrecision(3));

/** @returns seconds on the wall */
export async function wallOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/** @returns seconds of CPU that this process spent */
export async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const ticksPerSecond = 100;

/** Seconds of CPU that a process has spent so far, with its ended children: fields 14 to 17 of `/proc/<pid>/stat`. */
export async function cpuOfProcess(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

/** @returns bytes @param peak the most since `forgetPeak` */
export async function residentBytes(pid: number, peak = false): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kibibytes] = (peak ? /^VmHWM:\s+(\d+)/m : /^VmRSS:\s+(\d+)/m).exec(status) ?? [];
  return Number(kibibytes) * 1024;
}

/** Lets the kernel count the peak of resident memory anew (proc(5), `clear_refs`). */
export const forgetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5');
