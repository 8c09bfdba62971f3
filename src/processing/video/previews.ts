import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../run/context.js';
import { ProcessingFailure, type FailureCode } from '../run/failure.js';
import { ffmpeg, flags, untrusted, type Command } from '../run/ffmpeg.js';
import type { Sizes } from '../image/image.js';
import { posterCandidates, posterCommand, posterOutput, posterPlaces, posterSide } from './poster-command.js';
import { bestPoster, derivePoster } from './poster.js';
import { readSheets, storyboardFilters, storyboardOutput, type Sheet, type StoryboardPlan } from './storyboard.js';
import { gopSeconds, type Source } from './video-command.js';

/** px; enough to see how much there is to see. */
const candidateSide = 320;
/** Between two pictures of a storyboard: from there on key frames are near enough, and nothing else is decoded. */
const sparseMs = 10_000;

type Task = { input: string; source: Source; durationMs: number; dir: string; ctx: Context };

/**
 * Sheets of the storyboard and, if asked for, candidates for the poster, out of a rung that is there. Not out of the
 * run that encodes it: outputs that come rarely, or at the end, keep ffmpeg from telling how far it is.
 * @param rung a file of ours
 */
export function previewCommand(rung: string, plan: StoryboardPlan, durationMs: number, withPoster: boolean): Command {
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
  const cwd = await folder(task.dir, 'previews');
  await ffmpeg(previewCommand(rung, plan, durationMs, withPoster), ctx, { cwd, durationMs });
  const storyboard = await readSheets(cwd, plan);
  if (!withPoster) return { storyboard, poster: null };
  const best = await bestPoster(cwd);
  // The place where the candidate was found: the first picture, or the first key frame, from there on.
  const grid = plan.intervalMs >= sparseMs ? gopSeconds * 1000 : 1;
  const place = Math.ceil(posterPlaces(durationMs)[best.number - 1]! / grid) * grid;
  return { storyboard, poster: await enlarge(place, best.file, task) };
}

/** The poster before any rung is encoded, by looking at some places of the source. @throws {ProcessingFailure} */
export async function derivePosterOfSource(task: Task): Promise<Sizes> {
  const { input, source, durationMs, ctx } = task;
  const cwd = await folder(task.dir, 'candidates');
  const places = posterPlaces(durationMs);
  await ffmpeg(posterCommand(input, source, places, candidateSide, ctx.threads), ctx, { cwd });
  const best = await bestPoster(cwd);
  return enlarge(places[best.number - 1]!, best.file, task);
}

/** What a seek may meet in a file that plays well from its beginning. */
const unseekable: readonly FailureCode[] = ['corrupt_input', 'no_streams', 'internal'];

/** The candidate in the size of the source, or as it is, where the source cannot be read from that place. */
async function enlarge(place: number, candidate: string, { input, source, dir, ctx }: Task): Promise<Sizes> {
  const cwd = await folder(dir, 'frame');
  const large = async () => {
    await ffmpeg(posterCommand(input, source, [place], posterSide, ctx.threads), ctx, { cwd });
    return (await bestPoster(cwd)).file;
  };
  const frame = await large().catch((error: unknown) => {
    if (error instanceof ProcessingFailure && unseekable.includes(error.code)) return candidate;
    throw error;
  });
  return derivePoster(frame, path.join(dir, 'poster'), ctx.signal);
}

async function folder(dir: string, name: string): Promise<string> {
  const made = path.join(dir, name);
  await mkdir(made);
  return made;
}
