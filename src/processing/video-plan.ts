import { isWide } from './colour.js';
import { copyOf, type Copy } from './copyable.js';
import type { ProbeContext } from './ffmpeg.js';
import { planStoryboard } from './storyboard.js';
import type { AudioStream } from './streams.js';
import { rateOf, targetRate, type SoundTrack, type Source, type Stage } from './video-command.js';
import { planLadder, type Rung } from './video-ladder.js';

/** How a video becomes its ladder: what is copied, then runs of the encoder, each with something to show at its end. */
export type VideoPlan = {
  copy: Copy | null;
  /** Whether the poster is looked for before the first stage instead of in it. */
  posterFirst: boolean;
  stages: Stage[];
  /** Of each stage, their sum is 1. */
  shares: number[];
};

/** The rung that is good enough to begin with, by its place in the ladder. */
const firstRung = '360p';
/** Pixels to encode below which waiting for all of them is shorter than starting twice: some seconds of work. */
const worthwhile = 200e6;
/** An audio rung for lines that carry no picture, and for the other languages. bit/s */
const soundBitrate = { alone: 64_000, language: 128_000 };
const mostLanguages = 8;

export async function planVideo(
  input: string,
  source: Source,
  durationMs: number,
  ctx: ProbeContext,
): Promise<VideoPlan> {
  const rungs = planLadder(source.video);
  const copy = await copyOf(input, source, rungs.at(-1)!, durationMs / 1000, ctx);
  const { displayWidth: width, displayHeight: height } = source.video;
  const encoded = copy ? rungs.slice(0, -1) : rungs;
  const pictures = rateOf(targetRate(source.video)) * (durationMs / 1000);
  const batches = copy ? [encoded] : batchesOf(encoded, pictures);
  // Colours are narrowed on no more pixels than the largest rung of a stage has: too few for a poster in the first of two.
  const posterFirst = copy !== null || (batches.length > 1 && isWide(source.video));
  const stages = batches.map((rungs, i): Stage => ({
    rungs,
    poster: !posterFirst && i === 0,
    storyboard: i === 0 ? planStoryboard({ width, height }, durationMs) : null,
    sounds: i === batches.length - 1 ? soundsOf(source) : [],
  }));
  const costs = stages.map((stage) => pixelsOf(stage.rungs) + width * height);
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  return { copy, posterFirst, stages, shares: costs.map((cost) => cost / total) };
}

/** One rung to begin with and then the others, or all at once where that does not take long. */
function batchesOf(rungs: Rung[], pictures: number): Rung[][] {
  const first = rungs.find(({ name }) => name === firstRung);
  const rest = rungs.filter((rung) => rung !== first);
  return first && pixelsOf(rest) * pictures >= worthwhile ? [[first], rest] : [rungs];
}

const pixelsOf = (rungs: Rung[]) => rungs.reduce((sum, { width, height }) => sum + width * height, 0);

/** The main track once more without pictures, and every other track. */
function soundsOf({ audio, otherAudio }: Source): SoundTrack[] {
  if (!audio) return [];
  const others = otherAudio.slice(0, mostLanguages);
  const track = (stream: AudioStream, i: number) => ({
    name: `audio${i + 2}`,
    stream,
    bitrate: soundBitrate.language,
  });
  return [{ name: 'audio', stream: audio, bitrate: soundBitrate.alone }, ...others.map(track)];
}
