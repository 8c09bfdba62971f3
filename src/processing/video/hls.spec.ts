import { describe, expect, it } from 'vitest';
import {
  averageBandwidth,
  keyFramesOf,
  keyFramesPlaylist,
  masterPlaylist,
  mediaPlaylist,
  parseMediaPlaylist,
  peakBandwidth,
  ratesOf,
} from './hls.js';

const written = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="360p.mp4",BYTERANGE="1300@0"
#EXTINF:4.004000,
#EXT-X-BYTERANGE:200000@1300
360p.mp4
#EXTINF:4.004000,
#EXT-X-BYTERANGE:400000@201300
360p.mp4
#EXTINF:0.500500,
#EXT-X-BYTERANGE:90000@601300
360p.mp4
#EXT-X-ENDLIST
`;
const file = parseMediaPlaylist(written);

describe('parseMediaPlaylist', () => {
  it('reads byte ranges and durations', () => {
    expect(file).toEqual({
      initBytes: 1300,
      segments: [
        { durationMs: 4004, offset: 1300, bytes: 200_000 },
        { durationMs: 4004, offset: 201_300, bytes: 400_000 },
        { durationMs: 500.5, offset: 601_300, bytes: 90_000 },
      ],
    });
  });

  it('fails if a part is missing', () => {
    expect(() => parseMediaPlaylist('')).toThrow();
    expect(() => parseMediaPlaylist(written.replace(/#EXT-X-MAP.*\n/, ''))).toThrow();
    expect(() => parseMediaPlaylist(written.replace(/#EXT-X-BYTERANGE.*\n/, ''))).toThrow();
  });
});

describe('bandwidth', () => {
  it('is measured: the average of all segments, the peak of consecutive ones near the target duration', () => {
    expect(averageBandwidth(file)).toBe(Math.ceil((690_000 * 8000) / 8508.5));
    // The last two together are 4.5 s and busier than any alone; the last alone is too short to count.
    expect(peakBandwidth(file)).toBe(Math.ceil((490_000 * 8000) / 4504.5));
  });

  it('of a file with one short segment is its average', () => {
    const short = { initBytes: 1, segments: [{ durationMs: 400, offset: 1, bytes: 1000 }] };
    expect(peakBandwidth(short)).toBe(20_000);
  });
});

it('writes the media playlist with the given address', () => {
  expect(mediaPlaylist(file, '/m/360p.mp4?t=a')).toBe(written.replaceAll('360p.mp4', '/m/360p.mp4?t=a'));
});

it('writes the master playlist from the measured bit rates', () => {
  const video = {
    ...ratesOf(file),
    name: '360p',
    codecs: 'avc1.64001e,mp4a.40.2',
    width: 640,
    height: 360,
    fps: 30000 / 1001,
  };
  const audio = { ...ratesOf(file), name: 'audio', codecs: 'mp4a.40.2' };
  expect(masterPlaylist({ variants: [video, audio], uri: (name) => `${name}.m3u8?t=1` })).toBe(`#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=870241,AVERAGE-BANDWIDTH=648764,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970
360p.m3u8?t=1
#EXT-X-STREAM-INF:BANDWIDTH=870241,AVERAGE-BANDWIDTH=648764,CODECS="mp4a.40.2"
audio.m3u8?t=1
`);
});

describe('key frames', () => {
  const known = { ...file, segments: file.segments.map((segment, i) => ({ ...segment, keyBytes: 10_000 + i })) };

  it('are byte ranges at the start of segments', () => {
    const lines = keyFramesPlaylist(keyFramesOf(known)!, '360p.mp4').split('\n');
    expect(lines).toContain('#EXT-X-I-FRAMES-ONLY');
    expect(lines.filter((line) => line.startsWith('#EXT-X-BYTERANGE'))).toEqual([
      '#EXT-X-BYTERANGE:10000@1300',
      '#EXT-X-BYTERANGE:10001@201300',
      '#EXT-X-BYTERANGE:10002@601300',
    ]);
  });

  it('are in the master playlist, without audio codec and frame rate', () => {
    const video = {
      ...ratesOf(known),
      name: '360p',
      codecs: 'avc1.64001e,mp4a.40.2',
      width: 640,
      height: 360,
      fps: 30,
    };
    const uris = { uri: (name: string) => `${name}.m3u8`, keyFramesUri: (name: string) => `keyframes/${name}.m3u8` };
    const [line] = masterPlaylist({ variants: [video], ...uris }).match(/#EXT-X-I-FRAME.*/) ?? [];
    expect(line).toMatch(
      /^#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1.64001e",RESOLUTION=640x360,URI="keyframes\/360p.m3u8"$/,
    );
    expect(masterPlaylist({ variants: [{ ...video, ...ratesOf(file) }], ...uris })).not.toContain('I-FRAME');
  });
});

it('lists the sound tracks to choose from', () => {
  const video = { ...ratesOf(file), name: '360p', codecs: 'avc1.64001e,mp4a.40.2' };
  const sounds = [
    { language: 'en', label: 'English', uri: null },
    { language: null, label: 'The "director" speaks', uri: 'audio2.m3u8' },
  ];
  const text = masterPlaylist({ variants: [video], uri: (name) => name, sounds });
  expect(text).toContain(
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES\n',
  );
  expect(text).toContain(`NAME="The 'director' speaks",DEFAULT=NO,AUTOSELECT=YES,URI="audio2.m3u8"\n`);
  expect(text).toContain('mp4a.40.2",AUDIO="sound"\n');
});

it('makes the names of tracks unique', () => {
  const video = { ...ratesOf(file), name: '360p', codecs: 'avc1.64001e,mp4a.40.2' };
  const subtitles = ['a', 'b', 'c'].map((uri) => ({ language: 'en', label: 'English', uri }));
  const text = masterPlaylist({ variants: [video], uri: (name) => name, subtitles });
  expect([...text.matchAll(/NAME="([^"]+)"/g)].map(([, name]) => name)).toEqual(['English', 'English 2', 'English 3']);
});
