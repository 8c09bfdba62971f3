import { ffprobeLines, type ProbeContext } from '../run/ffmpeg.js';
import { segmentSeconds } from './hls-options.js';
import { ProcessingFailure } from '../run/failure.js';
import type { Source } from './video-command.js';
import type { Rung } from './video-ladder.js';

/** The rung that is copied: its video packets are the source's. */
export type Copy = {
  rung: Rung;
  /** Whether its sound is copied, too. */
  withSound: boolean;
  /** Seconds from the start. The other rungs need key frames there, so that all have the same segment borders. */
  keyTimes: number[];
  /** How long before its presentation a key frame is decoded, because of B-frames. */
  reorderSeconds: number;
};

/** Segments are longer where a source has few key frames; beyond this, players would wait too long for one. */
const maxSegmentSeconds = 6;
const profiles = new Set(['Constrained Baseline', 'Main', 'High']);
const maxLevel = 51;

/** Whether the header allows copying. */
function headerFits({ video, startMs }: Source, rung: Rung): boolean {
  const { matrix, transfer, primaries } = video;
  const isHd = Math.min(video.width, video.height) >= 720;
  const is709 = (name: string | null) => name === 'bt709' || (isHd && (name === null || name === 'unknown'));
  return (
    video.codec === 'h264' &&
    profiles.has(video.profile ?? '') &&
    (video.level ?? Infinity) <= maxLevel &&
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
 * Decides whether the largest rung can be copied instead of encoded: same size, bit rate within the limit, no rotation
 * or conversion, constant frame rate, and closed groups of pictures that are short enough for segments.
 * @returns null if it must be encoded
 */
export async function planCopy(
  input: string,
  source: Source,
  rung: Rung,
  seconds: number,
  ctx: ProbeContext,
): Promise<Copy | null> {
  if (!headerFits(source, rung)) return null;
  const fps = source.video.fps;
  const packets = new VideoPackets(source.startMs / 1000, fps);
  const show = ['-select_streams', `${source.video.index}`, '-show_entries', 'packet=pts_time,dts_time,flags'];
  try {
    await ffprobeLines(input, source.format.demuxer!, show, ctx, (line) => packets.add(line));
  } catch (error) {
    // A file that ffprobe cannot read within its limits is encoded, which has limits of its own.
    if (error instanceof ProcessingFailure) return null;
    throw error;
  }
  const borders = segmentBorders(packets.keys);
  const lengths = borders.map((at, i) => (borders[i + 1] ?? seconds) - at);
  const isComplete = Math.abs(packets.end - seconds) <= 0.1;
  if (packets.isIrregular || !isComplete || lengths.some((length) => length > maxSegmentSeconds)) return null;
  return {
    rung,
    withSound: soundFits(source, rung),
    keyTimes: thinOut(packets.keys, borders),
    reorderSeconds: packets.reorderSeconds,
  };
}

const soundFits = ({ audio }: Source, rung: Rung): boolean =>
  audio !== null &&
  audio.codec === 'aac' &&
  audio.profile === 'LC' &&
  audio.channels <= 2 &&
  [44_100, 48_000].includes(audio.sampleRate) &&
  // Encoders meet their target bit rate only roughly.
  (audio.bitrate ?? Infinity) <= rung.audioBitrate * 1.1;

/** What the video packets say, in file order. */
class VideoPackets {
  readonly keys: number[] = [];
  /** End of the last picture, in seconds. */
  end = 0;
  /** Maximum time from decoding to presentation of a key frame. */
  reorderSeconds = 0;
  /** A copy would play differently. */
  isIrregular = false;
  private lastDts = -Infinity;

  constructor(
    private readonly start: number,
    private readonly fps: number,
  ) {}

  add(line: string): void {
    const [ptsText = '', dtsText = '', flags = ''] = line.split(',');
    const [at, dts] = [Number(ptsText) - this.start, Number(dtsText) - this.start];
    const frame = at * this.fps;
    const isEven = Math.abs(frame - Math.round(frame)) <= 0.05;
    // Presented before the key frame it follows: it refers to pictures before that one (an open group).
    const isLeading = at < (this.keys.at(-1) ?? 0);
    // Several pictures at the same time, or the clock goes back: ffmpeg would change the times.
    const isOutOfOrder = dts <= this.lastDts;
    this.lastDts = Math.max(this.lastDts, dts || -Infinity);
    // `D`: hidden by an edit list, but visible in a copy.
    if (!isEven || isLeading || isOutOfOrder || at < 0 || flags.includes('D')) this.isIrregular = true;
    if (flags.includes('K')) {
      this.keys.push(at);
      this.reorderSeconds = Math.max(this.reorderSeconds, at - dts || 0);
    }
    if (this.keys.length === 0 || this.keys[0]! > 1e-3) this.isIrregular = true;
    this.end = Math.max(this.end, at + 1 / this.fps);
  }
}

/** As ffmpeg's HLS muxer: segment n ends at the first key frame from n × `segmentSeconds` on. */
function segmentBorders(keys: number[]): number[] {
  const borders = [0];
  for (const key of keys) if (key >= borders.length * segmentSeconds - 1e-6) borders.push(key);
  return borders;
}

/** Omits key frames that are close to another: in the encoded rungs each one costs quality. */
function thinOut(keys: number[], borders: number[]): number[] {
  const needed = new Set(borders);
  let last = -Infinity;
  return keys.filter((key) => {
    const isKept = needed.has(key) || key - last >= segmentSeconds / 2 - 1e-6;
    if (isKept) last = key;
    return isKept;
  });
}
