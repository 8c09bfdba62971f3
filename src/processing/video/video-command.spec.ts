import { describe, expect, it } from 'vitest';
import { argumentsOf } from '../run/ffmpeg.js';
import { formatNamed } from '../run/formats.js';
import { planLadder } from './video-ladder.js';
import type { Copy } from './copyable.js';
import { rateOf, targetRate, videoCommand, type Source, type Stage } from './video-command.js';

const sound = (index: number, channels: number) => ({
  ...{
    index,
    codec: 'aac',
    profile: 'LC',
    channels,
    sampleRate: 44_100,
    bitrate: 64_000,
    startMs: 0,
    durationMs: null,
  },
  ...{ language: null, title: null },
});
const source: Source = {
  format: formatNamed('mov'),
  size: 1_000_000,
  startMs: 0,
  durationMs: 12_000,
  video: {
    index: 1,
    codec: 'h264',
    profile: 'High',
    level: 31,
    isProgressive: true,
    width: 1280,
    height: 720,
    displayWidth: 720,
    displayHeight: 1280,
    rotation: 90,
    fps: 29.97,
    constantFps: '30000/1001',
    pixFmt: 'yuv420p',
    transfer: 'bt709',
    primaries: 'bt709',
    matrix: 'bt709',
    range: 'tv',
    bitrate: 900_000,
    startMs: 0,
    durationMs: 12_000,
  },
  audio: sound(0, 1),
  otherAudio: [],
  subtitles: [],
  cover: null,
  tags: {},
  streams: 2,
};

const build = (changed: Partial<Source> = {}, stage: Partial<Stage> = {}, copy?: Copy) => {
  const made = { ...source, ...changed };
  const rungs = planLadder(made.video).slice(0, 2);
  return videoCommand('/in/a b.mov', made, { rungs, sounds: [], ...stage }, 3, copy);
};
/** The values that follow a flag. */
const valuesOf = (args: string[], flag: string) => args.flatMap((arg, i) => (arg === flag ? [args[i + 1]] : []));

describe('videoCommand', () => {
  it('sets the demuxer and allows no protocol but files', () => {
    const [input] = build().inputs;
    expect(input).toEqual({
      path: 'file:/in/a b.mov',
      options: ['-protocol_whitelist', 'file', '-f', 'mov', '-threads', '3'],
    });
  });

  it('decodes once and splits into every rung', () => {
    const { filters } = build();
    const [pictures, sound] = filters!;
    expect(filters, 'one graph for pictures, one for sound').toHaveLength(2);
    const scaled = ':flags=bicubic:out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p,setparams=';
    expect(pictures, 'the largest from the picture').toContain(
      `[0:1]fps=fps=30000/1001:start_time=0,scale=240:426${scaled}`,
    );
    expect(pictures, 'each other from the next larger').toContain(`,split=2[v1][c0];[c0]scale=144:256${scaled}`);
    expect(sound).toBe(
      '[1:0]aresample=async=1:first_pts=0,apad=whole_dur=12.000,aformat=channel_layouts=stereo,asplit=2[a0][a1]',
    );
  });

  it('reads sound from its own input, unless the clock of the format may jump', () => {
    expect(build().inputs).toHaveLength(2);
    const spliced = build({ format: formatNamed('ogv') });
    expect(spliced.inputs).toHaveLength(1);
    expect(spliced.filters![1]).toContain('[0:0]aresample');
    expect(build({ audio: null }).inputs).toHaveLength(1);
  });

  it('gives each rung its bit rates and one file', () => {
    const args = argumentsOf(build());
    expect(valuesOf(args, '-b:a:0')).toEqual(['48000']);
    expect(valuesOf(args, '-b:a:1')).toEqual(['64000']);
    expect(Number(valuesOf(args, '-maxrate:v:0')[0])).toBeLessThanOrEqual(110_000);
    expect(Number(valuesOf(args, '-maxrate:v:1')[0])).toBeLessThanOrEqual(340_000);
    expect(valuesOf(args, '-var_stream_map')).toEqual(['v:0,a:0,name:144p v:1,a:1,name:240p']);
    expect(valuesOf(args, '-hls_flags')).toEqual(['single_file+independent_segments']);
    for (const v of [0, 1]) expect(valuesOf(args, `-force_key_frames:v:${v}`)).toEqual(['expr:gte(t,n_forced*2)']);
    expect(valuesOf(args, '-g')).toEqual(['60']);
    expect(valuesOf(args, '-map_metadata')).toEqual(['-1']);
  });

  it('makes streams with sound only of all tracks', () => {
    const sounds = [
      { name: 'audio', stream: source.audio!, bitrate: 64_000 },
      { name: 'audio2', stream: sound(2, 6), bitrate: 128_000 },
    ];
    const command = build({}, { sounds });
    const args = argumentsOf(command);
    expect(command.filters![1]).toContain('asplit=3[a0][a1][t0]');
    expect(command.filters![1]).toContain(
      '[1:2]aresample=async=1:first_pts=0,apad=whole_dur=12.000,aformat=channel_layouts=stereo[t1]',
    );
    expect(valuesOf(args, '-var_stream_map')).toEqual([
      'v:0,a:0,name:144p v:1,a:1,name:240p a:2,name:audio a:3,name:audio2',
    ]);
    expect([2, 3].flatMap((i) => valuesOf(args, `-b:a:${i}`))).toEqual(['64000', '128000']);
  });

  it('has no output that rarely produces a frame, for which all others would wait', () => {
    const { filters, outputs } = build();
    expect(outputs.map(({ path }) => path)).toEqual(['%v.m3u8']);
    expect(filters!.join()).not.toMatch(/select|tile/);
  });

  it('puts the sound of each segment’s presentation time into it', () => {
    const args = argumentsOf(build());
    // x264 decodes two pictures ahead.
    expect(valuesOf(args, '-audio_preload')).toEqual(['66733']);
    expect(valuesOf(args, '-max_interleave_delta')).toEqual(['0']);
    expect(valuesOf(args, '-avoid_negative_ts')).toEqual(['disabled']);
  });

  it('has key frames only where the copied rung has them', () => {
    const copy = {
      rung: planLadder(source.video).at(-1)!,
      withSound: true,
      keyTimes: [0, 2.5, 5],
      reorderSeconds: 0.1,
    };
    const args = argumentsOf(build({}, {}, copy));
    expect(valuesOf(args, '-force_key_frames:v:1')).toEqual(['0.000,2.487,4.987']);
    expect(Number(valuesOf(args, '-g')[0])).toBeGreaterThan(1000);
  });

  it('has no sound options if there is no sound', () => {
    const silent = build({ audio: null });
    const args = argumentsOf(silent);
    expect(silent.filters).toHaveLength(1);
    expect(args).not.toContain('-c:a');
    expect(valuesOf(args, '-var_stream_map')).toEqual(['v:0,name:144p v:1,name:240p']);
  });

  it('holds the last picture while sound continues', () => {
    expect(build().filters![0]).not.toContain('tpad');
    const short = { ...source.video, durationMs: 10_000 };
    expect(build({ video: short }).filters![0]).toContain('tpad=stop_mode=clone:stop_duration=2.000,scale');
  });
});

describe('colours', () => {
  const filterOf = (declared: Partial<Source['video']>) =>
    build({ video: { ...source.video, ...declared } }).filters![0]!;
  const hdr = { primaries: 'bt2020', matrix: 'bt2020nc' };

  it.each(['smpte2084', 'arib-std-b67'])('tone-maps %s once, after scaling to the largest rung', (transfer) => {
    const filter = filterOf({ ...hdr, transfer });
    expect(filter).toContain(`zscale=tin=${transfer}:pin=bt2020:min=bt2020nc:t=linear:p=bt2020:npl=100,`);
    expect(filter.indexOf('scale=240:426')).toBeLessThan(filter.indexOf('zscale'));
    expect(filter.match(/tonemap=tonemap=mobius/g)).toHaveLength(1);
    expect(filter.indexOf('tonemap')).toBeLessThan(filter.indexOf('split='));
  });

  it('assumes BT.2020 for undeclared and unknown colours of HDR', () => {
    for (const declared of [null, 'reserved']) {
      const filter = filterOf({ transfer: 'smpte2084', primaries: declared, matrix: declared });
      expect(filter).toContain('tin=smpte2084:pin=bt2020:min=bt2020nc');
    }
  });

  it('converts BT.2020 without HDR, without tone mapping', () => {
    const filter = filterOf({ ...hdr, transfer: 'bt2020-10' });
    expect(filter).toContain('zscale=tin=bt709:pin=bt2020:min=bt2020nc:p=bt709:t=bt709:m=bt709:r=tv');
    expect(filter).not.toContain('tonemap');
  });

  it.each([
    ['declares its matrix', { matrix: 'smpte170m' }, undefined],
    ['declares one that no filter converts', { matrix: 'smpte2085' }, 'bt709'],
    ['is HD and declares none', { matrix: null }, 'bt709'],
    ['is small and declares none', { matrix: null, displayWidth: 480, displayHeight: 640 }, 'smpte170m'],
  ])('of a video that %s', (_, declared, assumed) => {
    const [, colorspace] = /setparams=colorspace=(\w+),scale/.exec(filterOf(declared)) ?? [];
    expect(colorspace).toBe(assumed);
  });

  it('declares BT.709 for every rung', () => {
    const tag = /setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709(,split=2)?\[v\d\]/g;
    for (const filter of [filterOf({}), filterOf({ ...hdr, transfer: 'smpte2084' })])
      expect(filter.match(tag)).toHaveLength(2);
  });
});

describe('targetRate', () => {
  it.each([
    ['constant', 29.97, '30000/1001', '30000/1001'],
    ['constant, one a second', 1, '1/1', '1/1'],
    ['constant 120', 120, '120/1', '60'],
    ['constant 90', 90, '90/1', '45'],
    ['variable', 16.7, null, '20'],
    ['variable, nearly 30', 29.99, null, '30'],
    ['variable, too fast', 100, null, '60'],
    ['unknown', 0, null, '25'],
  ])('%s', (_, fps, constantFps, expected) => {
    expect(targetRate({ fps, constantFps })).toBe(expected);
  });

  it('reads as a number', () => {
    expect(rateOf('30000/1001')).toBeCloseTo(29.97, 2);
    expect(rateOf('45')).toBe(45);
  });
});
