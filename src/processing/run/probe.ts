import { refuseManyFrames } from '../audio/id3-frames.js';
import { ProcessingFailure } from './failure.js';
import { ffprobe, ffprobeLines, undecodedPictures, type ProbeContext } from './ffmpeg.js';
import type { Format } from './formats.js';
import { PacketClock } from './packet-clock.js';
import { ExitError } from './process.js';
import { sniff } from '../accept/sniff.js';
import { describeProbe, videosIn, type Probe, type RawProbe } from './streams.js';
import { sampleVideos } from '../video/timestamps.js';

/**
 * What a sound or video file contains.
 * @throws {ProcessingFailure} `unsupported_codec` if it is neither; those of ffprobe
 */
export async function probe(path: string, ctx: ProbeContext): Promise<Probe> {
  return probeAs(await formatOfFile(path), path, ctx);
}

/** The same for music: embedded pictures are not decoded. @throws {ProcessingFailure} as `probe` */
export async function probeSound(path: string, ctx: ProbeContext): Promise<Probe> {
  return probeSoundAs(await formatOfFile(path), path, ctx);
}

/** @throws {ProcessingFailure} */
export async function probeSoundAs(format: Format, path: string, ctx: ProbeContext): Promise<Probe> {
  try {
    return await probeAs(format, path, ctx, undecodedPictures);
  } catch (error) {
    // With these options ffprobe fails on a video: probe it without them, to tell what it is.
    if (error instanceof ProcessingFailure && error.code === 'corrupt_input') return probeAs(format, path, ctx);
    throw error;
  }
}

async function formatOfFile(path: string): Promise<Format> {
  const { format } = await sniff(path);
  if (!format?.demuxer) throw new ProcessingFailure('unsupported_codec', 'not an audio or video container');
  return format;
}

/** @param options for ffprobe, in addition to those for untrusted files @throws {ProcessingFailure} */
export async function probeAs(format: Format, path: string, ctx: ProbeContext, options: string[] = []): Promise<Probe> {
  if (!format.demuxer) throw new TypeError(`${format.name} has no demuxer`);
  await refuseManyFrames(path);
  const raw = await readHeader(path, format.demuxer, ctx, options);
  const samples = videosIn(raw).length ? await sampleVideos(path, format.demuxer, ctx) : undefined;
  return describeProbe(format, raw, samples);
}

/** Limit for ffprobe's output: tags can be as large as the file, and parsing them would block everything else. */
const maxHeaderBytes = 2 ** 20;
const facts = [
  'format=start_time,duration,size,bit_rate',
  'stream=index,codec_type,codec_name,profile,level,width,height,sample_aspect_ratio,r_frame_rate,avg_frame_rate,pix_fmt,' +
    'color_transfer,color_primaries,color_space,color_range,field_order,bit_rate,start_time,duration,channels,sample_rate',
  'stream_disposition=default,attached_pic,timed_thumbnails,still_image',
  'stream_side_data=rotation',
];

async function readHeader(path: string, demuxer: string, ctx: ProbeContext, options: string[]): Promise<RawProbe> {
  const read = (entries: string[]) =>
    ffprobe<RawProbe>(path, demuxer, [...options, '-show_entries', entries.join(':')], ctx, maxHeaderBytes);
  try {
    return await read([...facts, 'format_tags', 'stream_tags']);
  } catch (error) {
    const cause = error instanceof ProcessingFailure ? error.cause : undefined;
    if (!(cause instanceof ExitError && cause.reason === 'output')) throw error;
    // The file plays without its tags.
    return read(facts);
  }
}

/** Longer than any file. */
const endlessSeconds = 1_000_000;

/**
 * Whether anything plays after `ms`, according to the packets: headers can't be trusted.
 * @throws {ProcessingFailure} `corrupt_input` if there are more packets than their time can hold
 */
export async function playsBeyond(ms: number, path: string, found: Probe, ctx: ProbeContext): Promise<boolean> {
  const foundLater = new AbortController();
  const end = found.startMs + ms;
  const clock = new PacketClock();
  const onLine = (line: string) => {
    const [presented, decoded, duration] = timesIn(line);
    if (presented + (duration || 0) > end) foundLater.abort(foundLater);
    const crowd = clock.add(Number.isNaN(presented) ? decoded : presented);
    if (crowd) foundLater.abort(crowd);
  };
  // From the last key frame before it, which may be far before, to the first packet after it. An interval without an end
  // is not used: some versions of ffprobe leave its fields uninitialised, and stop at the first packet by chance.
  const interval = `${end / 1000}%+${endlessSeconds}`;
  const show = ['-read_intervals', interval, '-select_streams', `${mainStreamIndex(found)}`];
  const signal = AbortSignal.any([ctx.signal, foundLater.signal]);
  try {
    await ffprobeLines(
      path,
      found.format.demuxer!,
      [...(found.video ? [] : undecodedPictures), ...show, '-show_entries', 'packet=pts_time,dts_time,duration_time'],
      { ...ctx, signal },
      onLine,
    );
    return false;
  } catch (error) {
    if (error === foundLater) return true;
    throw error;
  }
}

/** Milliseconds from the three columns of a packet; NaN for `N/A`. A film without key frames has a million lines. */
function timesIn(line: string): [presented: number, decoded: number, duration: number] {
  const second = line.indexOf(',') + 1;
  const third = line.indexOf(',', second) + 1;
  const at = (from: number, to?: number) => Number.parseFloat(line.slice(from, to)) * 1000;
  return [at(0, second), at(second, third), at(third)];
}

const mainStreamIndex = ({ video, audio }: Probe): number => (video ?? audio)?.index ?? 0;
