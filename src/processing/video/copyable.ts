import { ffprobeLines, type ProbeContext } from '../run/ffmpeg.js';
import { segmentSeconds } from './hls-options.js';
import { ProcessingFailure } from '../run/failure.js';
import type { Source } from './video-command.js';
import type { Rung } from './video-ladder.js';

/** A rung whose pictures are the source's own. */
export type Copy = {
  rung: Rung;
  /** Whether its sound goes along as it is, too. */
  withSound: boolean;
  /** Seconds from the start: where the other rungs need a key frame, for all to be cut at the same places. */
  keyTimes: number[];
  /** How long before it is shown a key frame is decoded, because of B-frames. */
  reorderSeconds: number;
};

/** A segment may be longer where a source has few key frames, but not longer than players like to wait for. */
const longestSegment = 6;
const profiles = new Set(['Constrained Baseline', 'Main', 'High']);
const highestLevel = 51;

/** What stands in the way of copying, asked of the header alone. */
function fits({ video, startMs }: Source, rung: Rung): boolean {
  const { matrix, transfer, primaries } = video;
  const isHd = Math.min(video.width, video.height) >= 720;
  const is709 = (said: string | null) => said === 'bt709' || (isHd && (said === null || said === 'unknown'));
  return (
    video.codec === 'h264' &&
    profiles.has(video.profile ?? '') &&
    (video.level ?? Infinity) <= highestLevel &&
    video.pixFmt === 'yuv420p' &&
    video.isProgressive &&
    video.rotation === 0 &&
    [video.width, video.displayWidth].every((px) => px === rung.width) &&
    [video.height, video.displayHeight].every((px) => px === rung.height) &&
    video.constantFps !== null &&
    video.fps <= 60.1 &&
    [matrix, transfer, primaries].every(is709) &&
    video.range !== 'pc' &&
    (video.bitrate ?? Infinity) <= rung.maxBitrate &&
    video.startMs === startMs
  );
}

/**
 * Whether the largest rung can be had without encoding it: the same size and few enough bits, nothing to turn or to
 * convert, pictures at even times, and closed groups of pictures short enough to be cut into segments.
 */
export async function copyOf(
  input: string,
  source: Source,
  rung: Rung,
  seconds: number,
  ctx: ProbeContext,
): Promise<Copy | null> {
  if (!fits(source, rung)) return null;
  const fps = source.video.fps;
  const pictures = new Pictures(source.startMs / 1000, fps);
  const show = ['-select_streams', `${source.video.index}`, '-show_entries', 'packet=pts_time,dts_time,flags'];
  try {
    await ffprobeLines(input, source.format.demuxer!, show, ctx, (line) => pictures.see(line));
  } catch (error) {
    // What can't be read through quickly is encoded like everything else; that has limits of its own.
    if (error instanceof ProcessingFailure) return null;
    throw error;
  }
  const borders = cut(pictures.keys);
  const lengths = borders.map((at, i) => (borders[i + 1] ?? seconds) - at);
  const isWhole = Math.abs(pictures.end - seconds) <= 0.1;
  if (pictures.isOdd || !isWhole || lengths.some((length) => length > longestSegment)) return null;
  return {
    rung,
    withSound: soundFits(source, rung),
    keyTimes: thin(pictures.keys, borders),
    reorderSeconds: pictures.reorderSeconds,
  };
}

const soundFits = ({ audio }: Source, rung: Rung): boolean =>
  audio !== null &&
  audio.codec === 'aac' &&
  audio.profile === 'LC' &&
  audio.channels <= 2 &&
  [44_100, 48_000].includes(audio.sampleRate) &&
  // Encoders meet what they are told roughly.
  (audio.bitrate ?? Infinity) <= rung.audioBitrate * 1.1;

/** What the packets of a video say, in the order in which they lie in the file. */
class Pictures {
  readonly keys: number[] = [];
  /** Seconds, of the end of the last one. */
  end = 0;
  /** By which decoding runs ahead of showing, at key frames. */
  reorderSeconds = 0;
  isOdd = false;
  private lastDts = -Infinity;

  constructor(
    private readonly start: number,
    private readonly fps: number,
  ) {}

  see(line: string): void {
    const [ptsText = '', dtsText = '', flags = ''] = line.split(',');
    const [at, dts] = [Number(ptsText) - this.start, Number(dtsText) - this.start];
    const frame = at * this.fps;
    const isEven = Math.abs(frame - Math.round(frame)) <= 0.05;
    // Shown before the key frame it follows: it needs what came before that one.
    const isLeading = at < (this.keys.at(-1) ?? 0);
    // Several pictures at one time, or the clock going back: a copy would have to be given other times.
    const isMended = dts <= this.lastDts;
    this.lastDts = Math.max(this.lastDts, dts || -Infinity);
    // `D`: an edit list hides it, which a copy would not.
    if (!isEven || isLeading || isMended || at < 0 || flags.includes('D')) this.isOdd = true;
    if (flags.includes('K')) {
      this.keys.push(at);
      this.reorderSeconds = Math.max(this.reorderSeconds, at - dts || 0);
    }
    if (this.keys.length === 0 || this.keys[0]! > 1e-3) this.isOdd = true;
    this.end = Math.max(this.end, at + 1 / this.fps);
  }
}

/** As ffmpeg's HLS muxer cuts: segment n ends with the first key frame from n times its length on. */
function cut(keys: number[]): number[] {
  const borders = [0];
  for (const key of keys) if (key >= borders.length * segmentSeconds - 1e-6) borders.push(key);
  return borders;
}

/** All of a source that has one key frame after the other would cost the rungs their quality. */
function thin(keys: number[], borders: number[]): number[] {
  const needed = new Set(borders);
  let last = -Infinity;
  return keys.filter((key) => {
    const stays = needed.has(key) || key - last >= segmentSeconds / 2 - 1e-6;
    if (stays) last = key;
    return stays;
  });
}
