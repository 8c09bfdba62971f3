import { open, stat } from 'node:fs/promises';

/** Hz. ffmpeg writes the samples for the waveform as one signed byte each, in one channel. */
export const waveformRate = 8_000;
const pointsPerSecond = 100;
const maxPoints = 4_000;

/**
 * Peaks of a song, in the format of BBC audiowaveform's JSON (version 2): `data` contains the lowest and the highest
 * sample of each point, -128 to 127.
 */
export type Waveform = {
  version: 2;
  channels: 1;
  bits: 8;
  sample_rate: number;
  samples_per_pixel: number;
  /** Points: half as many as there are numbers in `data`. */
  length: number;
  data: number[];
};

/** Reads the samples through one buffer of fixed size. @param path of raw samples at `waveformRate` */
export async function waveformOf(path: string): Promise<Waveform> {
  const { size } = await stat(path);
  const minStep = waveformRate / pointsPerSecond;
  const step = Math.max(minStep, Math.ceil(size / maxPoints));
  const data: number[] = [];
  let [low, high, filled] = [0, 0, 0];
  const addPoint = () => {
    data.push(low, high);
    [low, high, filled] = [0, 0, 0];
  };
  await eachSample(path, (sample) => {
    low = filled === 0 || sample < low ? sample : low;
    high = filled === 0 || sample > high ? sample : high;
    filled += 1;
    if (filled === step) addPoint();
  });
  if (filled > 0) addPoint();
  const length = data.length / 2;
  return { version: 2, channels: 1, bits: 8, sample_rate: waveformRate, samples_per_pixel: step, length, data };
}

async function eachSample(path: string, use: (sample: number) => void): Promise<void> {
  const buffer = new Int8Array(1024 * 1024);
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      for (let at = 0; at < bytesRead; at++) use(buffer[at]!);
    }
  } finally {
    await file.close();
  }
}
