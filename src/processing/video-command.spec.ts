import { describe, expect, it } from 'vitest';
import { argumentsOf } from './ffmpeg.js';
import { formatNamed } from './formats.js';
import { planLadder } from './video-ladder.js';
import { rateOf, targetRate, videoCommand, type Source } from './video-command.js';

const source: Source = {
  format: formatNamed('mov'),
  size: 1_000_000,
  startMs: 0,
  durationMs: 12_000,
  video: {
    index: 1,
    codec: 'h264',
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
    bitrate: 900_000,
    durationMs: 12_000,
  },
  audio: { index: 0, codec: 'aac', channels: 1, sampleRate: 44_100, bitrate: 64_000, startMs: 0 },
  cover: null,
  tags: {},
  streams: 2,
};

const build = (changed: Partial<Source> = {}) => {
  const made = { ...source, ...changed };
  return videoCommand('/in/a b.mov', made, planLadder(made.video).slice(0, 2), 3);
};
/** The values that follow a flag. */
const valuesOf = (args: string[], flag: string) => args.flatMap((arg, i) => (arg === flag ? [args[i + 1]] : []));

describe('videoCommand', () => {
  it('pins the demuxer and lets nothing but files be opened', () => {
    const [input] = build().inputs;
    expect(input).toEqual({
      path: 'file:/in/a b.mov',
      options: ['-protocol_whitelist', 'file', '-f', 'mov', '-threads', '3'],
    });
  });

  it('decodes once and splits into every rung and the poster', () => {
    const { filter } = build();
    expect(filter).toContain('[0:1]fps=fps=30000/1001:start_time=0,split=3[s0][s1][sp]');
    expect(filter).toContain(
      '[s0]scale=144:256:flags=bicubic:out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p,setparams=',
    );
    expect(filter).toContain('[s1]scale=240:426:');
    expect(filter).toContain('[0:0]aresample=async=1:first_pts=0');
    expect(filter).toContain('asplit=2[a0][a1]');
  });

  it('gives each rung its rates and puts it into one file', () => {
    const args = argumentsOf(build());
    expect(valuesOf(args, '-b:a:0')).toEqual(['48000']);
    expect(valuesOf(args, '-b:a:1')).toEqual(['64000']);
    expect(Number(valuesOf(args, '-maxrate:v:0')[0])).toBeLessThanOrEqual(110_000);
    expect(Number(valuesOf(args, '-maxrate:v:1')[0])).toBeLessThanOrEqual(340_000);
    expect(valuesOf(args, '-var_stream_map')).toEqual(['v:0,a:0,name:144p v:1,a:1,name:240p']);
    expect(valuesOf(args, '-hls_flags')).toEqual(['single_file+independent_segments']);
    expect(valuesOf(args, '-force_key_frames')).toEqual(['expr:gte(t,n_forced*2)']);
    expect(valuesOf(args, '-g')).toEqual(['60']);
    expect(valuesOf(args, '-map_metadata')).toEqual(['-1']);
  });

  it('knows no sound when there is none', () => {
    const silent = build({ audio: null });
    const args = argumentsOf(silent);
    expect(silent.filter).not.toContain('aresample');
    expect(args).not.toContain('-c:a');
    expect(valuesOf(args, '-var_stream_map')).toEqual(['v:0,name:144p v:1,name:240p']);
  });

  it('holds the last picture while sound goes on', () => {
    expect(build().filter).not.toContain('tpad');
    const short = { ...source.video, durationMs: 10_000 };
    expect(build({ video: short }).filter).toContain('tpad=stop_mode=clone:stop_duration=2.000,split');
  });
});

describe('colours', () => {
  const filterOf = (said: Partial<Source['video']>) => build({ video: { ...source.video, ...said } }).filter!;
  const hdr = { primaries: 'bt2020', matrix: 'bt2020nc' };

  it.each(['smpte2084', 'arib-std-b67'])(
    'tones %s down once, on no more pixels than the largest rung has',
    (transfer) => {
      const filter = filterOf({ ...hdr, transfer });
      expect(filter).toContain(
        `scale=240:426:flags=bicubic,setsar=1,zscale=tin=${transfer}:pin=bt2020:min=bt2020nc:t=linear:npl=100,`,
      );
      expect(filter.match(/tonemap=tonemap=mobius/g)).toHaveLength(1);
      expect(filter.indexOf('tonemap')).toBeLessThan(filter.indexOf('split'));
    },
  );

  it('takes what HDR does not say for BT.2020, and lets no unknown word into the filter', () => {
    for (const said of [null, 'reserved']) {
      const filter = filterOf({ transfer: 'smpte2084', primaries: said, matrix: said });
      expect(filter).toContain('tin=smpte2084:pin=bt2020:min=bt2020nc');
    }
  });

  it('narrows BT.2020 without HDR, and tones nothing down', () => {
    const filter = filterOf({ ...hdr, transfer: 'bt2020-10' });
    expect(filter).toContain('zscale=tin=bt709:pin=bt2020:min=bt2020nc:p=bt709:t=bt709:m=bt709:r=tv');
    expect(filter).not.toContain('tonemap');
  });

  it.each([
    ['says its matrix', { matrix: 'smpte170m' }, undefined],
    ['is HD and says nothing', { matrix: null }, 'bt709'],
    ['is small and says nothing', { matrix: null, displayWidth: 480, displayHeight: 640 }, 'smpte170m'],
  ])('of a video that %s', (_, said, presumed) => {
    const [, colorspace] = /setparams=colorspace=(\w+),split/.exec(filterOf(said)) ?? [];
    expect(colorspace).toBe(presumed);
  });

  it('says BT.709 of every rung', () => {
    const tag = 'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709[v';
    for (const filter of [filterOf({}), filterOf({ ...hdr, transfer: 'smpte2084' })])
      expect(filter.split(tag)).toHaveLength(3);
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
