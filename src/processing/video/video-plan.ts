import type { Copy } from './copyable.js';
import { planStoryboard, type StoryboardPlan } from './storyboard.js';
import type { AudioStream } from '../run/streams.js';
import { rateOf, targetRate, type PlannedSound, type Source, type Stage } from './video-command.js';
import { planLadder, type Rung } from './video-ladder.js';

/** How a video becomes its ladder: runs of the encoder, each with something to show at its end. */
export type VideoPlan = {
  stages: Stage[];
  storyboard: StoryboardPlan;
  /** How long things take, in no unit: what comes before the first stage, each stage, and the pictures after the first. */
  weights: { before: number; stages: number[]; previews: number };
};

/** The rung that is good enough to begin with, by its place in the ladder. */
const firstRung = '360p';
/** Pixels to encode below which waiting for all of them is shorter than starting twice: some seconds of work. */
const worthwhile = 200e6;
/** An audio rung for lines that carry no picture, and for the other languages. bit/s */
const soundBitrate = { alone: 64_000, language: 128_000 };
const mostLanguages = 8;

/** About what is encoded in a second, px: turns seconds of other work into the unit of weights. */
const encodedInSecond = 100e6;
/** Seconds, for probing and the like. */
const secondsBefore = 1;
/** Seconds for the sizes of the poster, and how much cheaper decoding is than encoding. */
const previews = { seconds: 1, decoding: 0.1 };

/** @param copy the largest rung, where that is there already */
export function planVideo(source: Source, durationMs: number, copy: Copy | null): VideoPlan {
  const { video } = source;
  const { displayWidth: width, displayHeight: height } = video;
  const rungs = planLadder(video);
  const pictures = rateOf(targetRate(video)) * (durationMs / 1000);
  const batches = copy ? [rungs.slice(0, -1)] : batchesOf(rungs, pictures);
  const stages = batches
    .map((rungs, i): Stage => ({ rungs, sounds: i === batches.length - 1 ? soundsOf(source) : [] }))
    .filter(({ rungs, sounds }) => rungs.length + sounds.length > 0);
  return {
    stages,
    storyboard: planStoryboard({ width, height }, durationMs),
    weights: {
      before: secondsBefore * encodedInSecond,
      stages: stages.map(({ rungs }) => (pixelsOf(rungs) + width * height) * pictures),
      previews: previews.seconds * encodedInSecond + previews.decoding * pixelsOf(rungs.slice(0, 1)) * pictures,
    },
  };
}

/** One rung to begin with and then the others, or all at once where that does not take long. */
function batchesOf(rungs: Rung[], pictures: number): Rung[][] {
  const first = rungs.find(({ name }) => name === firstRung);
  const rest = rungs.filter((rung) => rung !== first);
  return first && pixelsOf(rest) * pictures >= worthwhile ? [[first], rest] : [rungs];
}

const pixelsOf = (rungs: Rung[]) => rungs.reduce((sum, { width, height }) => sum + width * height, 0);

/** The main track once more without pictures, and every other track. */
function soundsOf({ audio, otherAudio }: Source): PlannedSound[] {
  if (!audio) return [];
  const others = otherAudio.slice(0, mostLanguages);
  const track = (stream: AudioStream, i: number) => ({
    name: `audio${i + 2}`,
    stream,
    bitrate: soundBitrate.language,
  });
  return [{ name: 'audio', stream: audio, bitrate: soundBitrate.alone }, ...others.map(track)];
}
