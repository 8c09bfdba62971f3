import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../run/context.js';
import { ProcessingFailure, type FailureCode } from '../run/failure.js';
import { ffmpeg, flags, untrusted, type Command } from '../run/ffmpeg.js';
import type { Sizes } from '../image/image.js';
import { posterCandidates, posterCommand, posterOutput, posterSide, posterTimes } from './poster-command.js';
import { bestPoster, derivePoster } from './poster.js';
import { readSheets, storyboardFilters, storyboardOutput, type Sheet, type StoryboardPlan } from './storyboard.js';
import { gopSeconds, type Source } from './video-command.js';

/** px; enough to compare the detail of candidates. */
const candidateSide = 320;
/** From this interval between storyboard pictures on, only key frames are decoded: they are close enough. */
const sparseMs = 10_000;

type Task = { input: string; source: Source; durationMs: number; dir: string; ctx: Context };

/**
 * Makes the sheets of the storyboard and, if wanted, the candidates for the poster from a finished rung. Not during its
 * encoding, because ffmpeg cannot report progress with outputs that rarely produce a frame.
 * @param rung a finished file
 */
function previewCommand(rung: string, plan: StoryboardPlan, durationMs: number, withPoster: boolean): Command {
  const isSparse = plan.intervalMs >= sparseMs;
  const step = durationMs / posterCandidates / 1000;
  const candidates = `select='gte(t+0.001,selected_n*${step.toFixed(6)})',format=rgb24[poster]`;
  const sheets = `${storyboardFilters(plan)}[storyboard]`;
  return {
    inputs: [untrusted(rung, 'mov', isSparse ? flags({ skip_frame: 'nokey' }) : [])],
    filters: [withPoster ? `[0:v]split=2[a][b];[a]${candidates};[b]${sheets}` : `[0:v]${sheets}`],
    outputs: [storyboardOutput, ...(withPoster ? [posterOutput] : [])],
  };
}

/** @throws {ProcessingFailure} */
export async function derivePreviews(
  rung: string,
  plan: StoryboardPlan,
  withPoster: boolean,
  task: Task,
): Promise<{ storyboard: Sheet[]; poster: Sizes | null }> {
  const { durationMs, ctx } = task;
  const cwd = await makeFolder(task.dir, 'previews');
  await ffmpeg(previewCommand(rung, plan, durationMs, withPoster), ctx, { cwd, durationMs });
  const storyboard = await readSheets(cwd, plan);
  if (!withPoster) return { storyboard, poster: null };
  const best = await bestPoster(cwd);
  // The time of the picture that was selected: the first one, or the first key frame, from the candidate's time on.
  const grid = plan.intervalMs >= sparseMs ? gopSeconds * 1000 : 1;
  const timeMs = Math.ceil(posterTimes(durationMs)[best.number - 1]! / grid) * grid;
  return { storyboard, poster: await inFullSize(timeMs, best.file, task) };
}

/** The poster before any rung is encoded, from candidates of the source. @throws {ProcessingFailure} */
export async function derivePosterOfSource(task: Task): Promise<Sizes> {
  const { input, source, durationMs, ctx } = task;
  const cwd = await makeFolder(task.dir, 'candidates');
  const times = posterTimes(durationMs);
  await ffmpeg(posterCommand(input, source, times, candidateSide, ctx.threads), ctx, { cwd });
  const best = await bestPoster(cwd);
  return inFullSize(times[best.number - 1]!, best.file, task);
}

/** Failures that seeking may cause in a file that plays well from its start. */
const seekFailures: readonly FailureCode[] = ['corrupt_input', 'no_streams', 'internal'];

/** The candidate in the size of the source; in its own size if seeking to it fails. */
async function inFullSize(timeMs: number, candidate: string, { input, source, dir, ctx }: Task): Promise<Sizes> {
  const cwd = await makeFolder(dir, 'frame');
  const large = async () => {
    await ffmpeg(posterCommand(input, source, [timeMs], posterSide, ctx.threads), ctx, { cwd });
    return (await bestPoster(cwd)).file;
  };
  const frame = await large().catch((error: unknown) => {
    if (error instanceof ProcessingFailure && seekFailures.includes(error.code)) return candidate;
    throw error;
  });
  return derivePoster(frame, path.join(dir, 'poster'), ctx.signal);
}

async function makeFolder(dir: string, name: string): Promise<string> {
  const made = path.join(dir, name);
  await mkdir(made);
  return made;
}
