/** A playable part of a file. */
export type Segment = {
  durationMs: number;
  /** bytes */
  offset: number;
  bytes: number;
  /** From its start to the end of its first picture, which is a key frame. */
  keyBytes?: number;
};

/** A file as its playlist describes it: an initialization section at offset 0, then segments as byte ranges. */
export type Segments = { initBytes: number; segments: Segment[] };

/** bit/s */
type Bandwidth = { peak: number; average: number };
/** For the master playlist. Measured once, because there may be thousands of segments. */
export type Rates = { bandwidth: Bandwidth; keyFrames: Bandwidth | null };

export type Variant = Rates & {
  name: string;
  /** As in RFC 6381. */
  codecs: string;
  /** px, of a variant with video. */
  width?: number;
  height?: number;
  fps?: number;
};

const byteRange = /^(?:#EXT-X-BYTERANGE:)?(\d+)@(\d+)$/;

/** Reads ffmpeg's playlist of one rung in one file. @throws {Error} on anything else */
export function parseMediaPlaylist(text: string): Segments {
  const lines = text.split(/\r?\n/);
  const map = lines.find((line) => line.startsWith('#EXT-X-MAP:'));
  const [, init] = /BYTERANGE="([^"]+)"/.exec(map ?? '') ?? [];
  const [, initBytes, initOffset] = byteRange.exec(init ?? '') ?? [];
  if (!initBytes || initOffset !== '0') throw new Error('playlist without an initialization section at the start');
  const segments = lines.flatMap((line, i): Segment[] => {
    const [, duration] = /^#EXTINF:([\d.]+),/.exec(line) ?? [];
    if (duration === undefined) return [];
    const [, bytes, offset] = byteRange.exec(lines[i + 1] ?? '') ?? [];
    if (!bytes) throw new Error('segment without a byte range');
    return [{ durationMs: microseconds(Number(duration)) / 1000, offset: Number(offset), bytes: Number(bytes) }];
  });
  if (!segments.length) throw new Error('playlist without segments');
  return { initBytes: Number(initBytes), segments };
}

const microseconds = (seconds: number) => Math.round(seconds * 1e6);

const lengthOf = ({ segments }: Segments): number => segments.reduce((sum, s) => sum + s.durationMs, 0);

/** ms, whole. */
export const durationOf = (file: Segments): number => Math.round(lengthOf(file));

/** RFC 8216, 4.3.3.1: no segment, rounded to a second, is longer. */
const targetSeconds = ({ segments }: Segments) => Math.max(1, ...segments.map((s) => Math.round(s.durationMs / 1000)));

const rate = (bytes: number, durationMs: number) => (durationMs > 0 ? Math.ceil((bytes * 8000) / durationMs) : 0);

/** Mean bit/s over all segments. */
export const averageBandwidth = (file: Segments): number =>
  rate(
    file.segments.reduce((sum, s) => sum + s.bytes, 0),
    lengthOf(file),
  );

/**
 * RFC 8216, 4.1: the largest bit rate of any consecutive segments that last 0.5 to 1.5 target durations. For a shorter
 * file, the average.
 */
export function peakBandwidth(file: Segments): number {
  const target = targetSeconds(file) * 1000;
  let peak = averageBandwidth(file);
  for (let first = 0; first < file.segments.length; first++) {
    let [bytes, durationMs] = [0, 0];
    for (const segment of file.segments.slice(first, first + 16)) {
      bytes += segment.bytes;
      durationMs += segment.durationMs;
      if (durationMs > 1.5 * target) break;
      if (durationMs >= 0.5 * target) peak = Math.max(peak, rate(bytes, durationMs));
    }
  }
  return peak;
}

const bandwidthOf = (file: Segments): Bandwidth => ({ peak: peakBandwidth(file), average: averageBandwidth(file) });

export function ratesOf(file: Segments): Rates {
  const frames = keyFramesOf(file);
  return { bandwidth: bandwidthOf(file), keyFrames: frames && bandwidthOf(frames) };
}

/** A track that a viewer can choose in all variants. `uri` is the address of its media playlist. */
type SubtitleTrack = { language: string; label: string; uri: string };
/** Without `uri` it is the sound that is part of the variants. */
export type SoundTrack = { language: string | null; label: string; uri: string | null };

export type Master = {
  variants: Variant[];
  /** Maps the name of a variant to the address of its media playlist. */
  uri: (name: string) => string;
  /** The same for its playlist of key frames. */
  keyFramesUri?: (name: string) => string;
  subtitles?: SubtitleTrack[];
  /** Only if there are several. */
  sounds?: SoundTrack[];
};

/** The playlist of all media playlists of a file (RFC 8216, 4.3.4). */
export function masterPlaylist({ variants, uri, keyFramesUri, subtitles = [], sounds = [] }: Master): string {
  const groups = [
    ...(sounds.length ? [',AUDIO="sound"'] : []),
    ...(subtitles.length ? [',SUBTITLES="subtitles"'] : []),
  ].join('');
  const streams = variants.flatMap((variant) => [
    `#EXT-X-STREAM-INF:${attributes(variant, variant.bandwidth)}${groups}`,
    uri(variant.name),
  ]);
  const keyFrames = variants.flatMap((variant) => {
    if (!keyFramesUri || !variant.keyFrames) return [];
    const { fps: _, ...still } = variant;
    const codecs = variant.codecs.split(',').filter((codec) => codec.startsWith('avc1'));
    const shown = attributes({ ...still, codecs: codecs.join() }, variant.keyFrames);
    return [`#EXT-X-I-FRAME-STREAM-INF:${shown},URI="${keyFramesUri(variant.name)}"`];
  });
  return joinLines([
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...withUniqueLabels(sounds).map(soundTrack),
    ...withUniqueLabels(subtitles).map(subtitleTrack),
    ...streams,
    ...keyFrames,
  ]);
}

/** RFC 8216, 4.3.4.1: shown if the viewer chooses it or the device's language matches; never forced. */
const subtitleTrack = ({ language, label, uri }: SubtitleTrack): string =>
  `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="${quotable(label)}",LANGUAGE="${language}",` +
  `DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="${uri}"`;

const soundTrack = ({ language, label, uri }: SoundTrack): string =>
  [
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="${quotable(label)}"`,
    ...(language ? [`LANGUAGE="${language}"`] : []),
    `DEFAULT=${uri === null ? 'YES' : 'NO'},AUTOSELECT=YES`,
    ...(uri === null ? [] : [`URI="${uri}"`]),
  ].join();

/** Names must be unique within a group (RFC 8216, 4.3.4.1.1). */
function withUniqueLabels<T extends { label: string }>(tracks: readonly T[]): T[] {
  const seen = new Map<string, number>();
  return tracks.map((track) => {
    const count = (seen.get(track.label) ?? 0) + 1;
    seen.set(track.label, count);
    return count === 1 ? track : { ...track, label: `${track.label} ${count}` };
  });
}

const quotable = (label: string): string => label.replaceAll('"', "'");

/** A playlist of one WebVTT file that lasts as long as the video. @param uri its address */
export function subtitlePlaylist(durationMs: number, uri: string): string {
  return joinLines([
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.max(1, Math.ceil(durationMs / 1000))}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXTINF:${(durationMs / 1000).toFixed(6)},`,
    uri,
    '#EXT-X-ENDLIST',
  ]);
}

function attributes({ width, height, fps, codecs }: Variant, { peak, average }: Bandwidth): string {
  return [
    `BANDWIDTH=${peak},AVERAGE-BANDWIDTH=${average}`,
    `CODECS="${codecs}"`,
    ...(width && height ? [`RESOLUTION=${width}x${height}`] : []),
    ...(fps ? [`FRAME-RATE=${fps.toFixed(3)}`] : []),
  ].join(',');
}

/** The key frames, each of which begins a segment. Null if the file has none or their sizes are unknown. */
export function keyFramesOf({ initBytes, segments }: Segments): Segments | null {
  const frames = segments.flatMap(({ keyBytes, ...segment }) =>
    keyBytes === undefined ? [] : [{ ...segment, bytes: keyBytes }],
  );
  return frames.length === segments.length ? { initBytes, segments: frames } : null;
}

/** For fast search through a video (RFC 8216, 4.3.3.6). @param frames as `keyFramesOf` gives them */
export const keyFramesPlaylist = (frames: Segments, uri: string): string =>
  playlist(frames, uri, ['#EXT-X-I-FRAMES-ONLY']);

/** @param uri the address of the file with all segments */
export const mediaPlaylist = (file: Segments, uri: string): string =>
  playlist(file, uri, ['#EXT-X-INDEPENDENT-SEGMENTS']);

function playlist(file: Segments, uri: string, tags: string[]): string {
  return joinLines([
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${targetSeconds(file)}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    ...tags,
    `#EXT-X-MAP:URI="${uri}",BYTERANGE="${file.initBytes}@0"`,
    ...file.segments.flatMap(({ durationMs, offset, bytes }) => [
      `#EXTINF:${(durationMs / 1000).toFixed(6)},`,
      `#EXT-X-BYTERANGE:${bytes}@${offset}`,
      uri,
    ]),
    '#EXT-X-ENDLIST',
  ]);
}

const joinLines = (lines: string[]) => `${lines.join('\n')}\n`;
