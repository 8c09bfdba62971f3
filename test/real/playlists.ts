export interface Range {
  uri: string;
  start: number;
  length: number;
}
export interface MediaPlaylist {
  lines: string[];
  targetSeconds: number;
  init: Range;
  segments: (Range & { seconds: number })[];
}
export interface Variant {
  uri: string;
  bandwidth: number;
  averageBandwidth: number;
  codecs: string;
  resolution: string | undefined;
  frameRate: number;
}

/** RFC 8216, 4.2: `NAME=value` or `NAME="value, with commas"`. */
const attributesOf = (list: string): Map<string, string> =>
  new Map(
    [...list.matchAll(/([A-Z-]+)=(?:"([^"]*)"|([^,]*))/g)].map(([, name, quoted, bare]) => [name!, quoted ?? bare!]),
  );

export function readMaster(text: string): Variant[] {
  const lines = text.trim().split('\n');
  return lines.flatMap((line, i) => {
    if (!line.startsWith('#EXT-X-STREAM-INF:')) return [];
    const attributes = attributesOf(line);
    return [
      {
        uri: lines[i + 1]!,
        bandwidth: Number(attributes.get('BANDWIDTH')),
        averageBandwidth: Number(attributes.get('AVERAGE-BANDWIDTH')),
        codecs: attributes.get('CODECS') ?? '',
        resolution: attributes.get('RESOLUTION'),
        frameRate: Number(attributes.get('FRAME-RATE')),
      },
    ];
  });
}

export function readMedia(text: string): MediaPlaylist {
  const lines = text.trim().split('\n');
  const map = attributesOf(lines.find((line) => line.startsWith('#EXT-X-MAP:')) ?? '');
  return {
    lines,
    targetSeconds: Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(text)?.[1]),
    init: { uri: map.get('URI') ?? '', ...rangeOf(map.get('BYTERANGE') ?? '') },
    segments: lines.flatMap((line, i) => {
      const [, seconds] = /^#EXTINF:([\d.]+),/.exec(line) ?? [];
      if (!seconds) return [];
      return [{ seconds: Number(seconds), uri: lines[i + 2]!, ...rangeOf(lines[i + 1]!.split(':')[1]!) }];
    }),
  };
}

function rangeOf(text: string): { start: number; length: number } {
  const [length, start] = text.split('@').map(Number);
  return { start: start ?? NaN, length: length ?? NaN };
}
