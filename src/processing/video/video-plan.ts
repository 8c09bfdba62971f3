import type { Copy } from './copyable.js';
import { planStoryboard, type StoryboardPlan } from './storyboard.js';
import type { AudioStream } from '../run/streams.js';
import { rateOf, targetRate, type PlannedSound, type Source, type Stage } from './video-command.js';
import { planLadder, type Rung } from './video-ladder.js';

/** The encoder runs for a video, in order. After each, its rungs can be played. */
type VideoPlan = {
  stages: Stage[];
  storyboard: StoryboardPlan;
  /** Relative durations, for progress: work before the first stage, each stage, and the previews after the first. */
  weights: { before: number; stages: number[]; previews: number };
};

/** The rung that is encoded first: good enough to start watching. */
const firstRung = '360p';
/** Pixels. With less to encode than this, some seconds of work, all rungs are made in one run. */
const minSplitPixels = 200e6;
/** bit/s. Sound alone, for connections too slow for video, and other languages. */
const soundBitrate = { alone: 64_000, language: 128_000 };
const maxOtherTracks = 8;

/** Approximate encoding speed, px/s: converts seconds of other work to the unit of the weights. */
const pixelsPerSecond = 100e6;
/** Seconds before the first stage, mainly for probing. */
const secondsBefore = 1;
/** Seconds for the sizes of the poster, and the cost of decoding relative to encoding. */
const previews = { seconds: 1, decoding: 0.1 };

/** @param copy the largest rung, if it was copied */
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
      before: secondsBefore * pixelsPerSecond,
      stages: stages.map(({ rungs }) => (pixelsOf(rungs) + width * height) * pictures),
      previews: previews.seconds * pixelsPerSecond + previews.decoding * pixelsOf(rungs.slice(0, 1)) * pictures,
    },
  };
}

/** First one rung and then the others, or all at once if that does not take long. */
function batchesOf(rungs: Rung[], pictures: number): Rung[][] {
  const first = rungs.find(({ name }) => name === firstRung);
  const rest = rungs.filter((rung) => rung !== first);
  return first && pixelsOf(rest) * pictures >= minSplitPixels ? [[first], rest] : [rungs];
}

const pixelsOf = (rungs: Rung[]) => rungs.reduce((sum, { width, height }) => sum + width * height, 0);

/** The main sound track alone, and every other one. */
function soundsOf({ audio, otherAudio }: Source): PlannedSound[] {
  if (!audio) return [];
  const others = otherAudio.slice(0, maxOtherTracks);
  const track = (stream: AudioStream, i: number) => ({
    name: `audio${i + 2}`,
    stream,
    bitrate: soundBitrate.language,
  });
  return [{ name: 'audio', stream: audio, bitrate: soundBitrate.alone }, ...others.map(track)];
}
