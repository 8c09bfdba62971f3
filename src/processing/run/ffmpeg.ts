import fluent from 'fluent-ffmpeg';
import type { Context } from './context.js';
import { ProcessingFailure, type FailureCode } from './failure.js';
import { ExitError, run, type RunOptions, type RunResult } from './process.js';

/** An ffmpeg run as data. Output paths are relative to its working directory. */
export type Command = {
  inputs: { path: string; options: string[] }[];
  /**
   * Filter graphs, each with its own thread. Within a graph ffmpeg feeds the output that lags most: an output that
   * rarely produces a frame, or only at the end, would block the others in its graph.
   */
  filters?: string[];
  outputs: { path: string; options: string[] }[];
};

/** fluent-ffmpeg builds argument lists but hides the method; we run ffmpeg ourselves, for process groups and limits. */
type Builder = fluent.FfmpegCommand & { _getArguments(): string[] };

const globals = ['-hide_banner', '-nostdin', '-loglevel', 'error', '-nostats'];
const reported = ['-progress', 'pipe:1'];

/** Local files only: ffmpeg must not open playlists, networks or devices that an input refers to. */
const inputGuard = (demuxer: string) => [
  ...['-protocol_whitelist', 'file', '-f', demuxer],
  ...(headerless.has(demuxer) ? flags({ probesize: 50_000_000, analyzeduration: 30_000_000 }) : []),
];

/**
 * Containers that do not declare their streams at the start: video may begin long after sound. ffmpeg's default is to
 * wait 5 s.
 */
const headerless = new Set(['mpegts', 'mpeg', 'flv']);

/** The options an untrusted input needs, and the `file:` that keeps its name from being taken for a protocol. */
export const untrusted = (path: string, demuxer: string, options: string[] = []) => ({
  path: `file:${path}`,
  options: [...inputGuard(demuxer), ...options],
});

/** Options as ffmpeg takes them: `{ 'c:a': 'aac' }` is `-c:a aac`. Repeated options must be written out. */
export const flags = (values: Record<string, string | number>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [`-${name}`, String(value)]);

/**
 * For sound, whose embedded pictures ffmpeg only copies. Without it ffmpeg and ffprobe decode each picture whenever they
 * open the file, to learn its pixel format: an interlaced PNG of 100 megapixels takes seconds, every time.
 */
export const undecodedPictures = flags({ 'max_pixels:v': 1 });

/** Drops the input's metadata: tags can reveal where and by whom it was made. */
export const dropMetadata = flags({ map_metadata: -1, map_chapters: -1 });

export function argumentsOf(command: Command): string[] {
  const builder = fluent() as Builder;
  for (const { path, options } of command.inputs) {
    builder.input(path);
    if (options.length) builder.inputOptions(...unsplit(options));
  }
  for (const { path, options } of command.outputs) builder.output(path).outputOptions(...unsplit(options));
  // fluent-ffmpeg accepts one graph only.
  const graphs = (command.filters ?? []).flatMap((graph) => flags({ filter_complex: graph }));
  return [...globals, ...graphs, ...builder._getArguments()];
}

/** fluent-ffmpeg splits a single option at its space; two or more are passed unchanged. */
function unsplit(options: string[]): [string, ...string[]] {
  if (options.length < 2) throw new TypeError('an ffmpeg option is a flag and its value');
  return options as [string, ...string[]];
}

/** Filters have their own threads, by default one per CPU of the machine, whatever the container's share. */
const threadsOf = ({ threads }: Context) => flags({ filter_threads: threads, filter_complex_threads: threads });

type FfmpegOptions = {
  cwd: string;
  /** Duration of the output, for progress. */
  durationMs?: number | null;
};

type FfmpegResult = {
  /** End time of the output. */
  outTimeMs: number;
  /** The end of its stderr, although it succeeded. */
  stderrTail: string;
};

/** @throws {ProcessingFailure} */
export async function ffmpeg(command: Command, ctx: Context, options: FfmpegOptions): Promise<FfmpegResult> {
  let outTimeMs = 0;
  const onStdoutLine = (line: string) => {
    const [, microseconds] = /^out_time_us=(\d+)$/.exec(line) ?? [];
    if (!microseconds) return;
    outTimeMs = Number(microseconds) / 1000;
    if (options.durationMs) ctx.onProgress?.(Math.min(1, outTimeMs / options.durationMs));
  };
  const { stderrTail } = await runFfmpeg([...reported, ...argumentsOf(command)], ctx, options.cwd, onStdoutLine);
  ctx.onProgress?.(1);
  return { outTimeMs, stderrTail };
}

/**
 * The same for a command whose output is text for `printed`, of any length. Reports no progress.
 * @throws {ProcessingFailure}
 */
export const ffmpegLines = (
  command: Command,
  ctx: Context,
  cwd: string,
  onLine: (line: string) => void,
): Promise<Pick<FfmpegResult, 'stderrTail'>> => runFfmpeg(argumentsOf(command), ctx, cwd, onLine);

/** The path of an output that is read while it is written. */
export const printed = 'pipe:1';

const runFfmpeg = (args: string[], ctx: Context, cwd: string, onStdoutLine: (line: string) => void) =>
  orFail(
    run(ctx.binaries.ffmpeg, [...threadsOf(ctx), ...args], {
      cwd,
      signal: ctx.signal,
      ...ctx.budget,
      niceness: ctx.niceness,
      onStdoutLine,
    }),
    'internal',
  );

export type ProbeContext = Pick<Context, 'binaries' | 'signal'>;

const probeTimeoutMs = 30_000;
/** Address space: a film of hours needs a tenth; a header of two kilobytes can request everything. */
const probeMemoryBytes = 1024 ** 3;

/**
 * Runs ffprobe on one untrusted file.
 * @throws {ProcessingFailure}
 */
export async function ffprobe<T>(
  path: string,
  demuxer: string,
  show: string[],
  ctx: ProbeContext,
  maxStdoutBytes?: number,
): Promise<T> {
  // By default ffprobe replaces invalid UTF-8 in tags with question marks.
  const print = ['-print_format', 'json=string_validation=ignore'];
  const { stdout } = await runProbe(path, demuxer, [...print, ...show], ctx, { maxStdoutBytes });
  return JSON.parse(textOf(Buffer.from(stdout, 'latin1'))) as T;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const windows1252 = new TextDecoder('windows-1252');

/** Tags without a declared encoding (ID3v1, RIFF INFO) are traditionally Latin-1; each is on its own line. */
function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const lines = bytes.toString('latin1').split('\n');
    return lines.length > 1
      ? lines.map((line) => textOf(Buffer.from(line, 'latin1'))).join('\n')
      : windows1252.decode(bytes);
  }
}

/**
 * The same, with one plain value per line, for output of any length.
 * @throws {ProcessingFailure}
 */
export async function ffprobeLines(
  path: string,
  demuxer: string,
  show: string[],
  ctx: ProbeContext,
  onLine: (line: string) => void,
): Promise<void> {
  await runProbe(path, demuxer, ['-print_format', 'csv=print_section=0', ...show], ctx, { onStdoutLine: onLine });
}

function runProbe(
  path: string,
  demuxer: string,
  show: string[],
  ctx: ProbeContext,
  stdout: Pick<RunOptions, 'onStdoutLine' | 'maxStdoutBytes'>,
) {
  const running = run(ctx.binaries.ffprobe, ['-v', 'error', ...inputGuard(demuxer), ...show, `file:${path}`], {
    signal: ctx.signal,
    timeoutMs: probeTimeoutMs,
    limits: { cpuSeconds: probeTimeoutMs / 1000, memoryBytes: probeMemoryBytes, outputBytes: 0 },
    niceness: 5,
    stdoutEncoding: 'latin1',
    ...stdout,
  });
  // ffprobe only reads, within generous limits: if it fails, the file is damaged.
  return orFail(running, 'corrupt_input', causesOfProbe);
}

/** Patterns in the stderr of ffmpeg and ffprobe; the first match wins. */
const causes: readonly [RegExp, FailureCode][] = [
  [/No space left on device|Disk quota exceeded/, 'storage_full'],
  [/Cannot allocate memory|malloc of size \d+ failed/i, 'out_of_memory'],
  [
    /no decoder found for|Decoder \(codec [^)\n]{0,80}\) not found|Unknown decoder|unknown codec|not currently supported|Unsupported codec/,
    'unsupported_codec',
  ],
  // A decoder that ffmpeg does not use by default, or that lacks a feature.
  [/Experimental feature|patches welcome/, 'unsupported_codec'],
  // Not a single packet could be decoded: encrypted, or not what the header says.
  [/Decode error rate 1 exceeds maximum/, 'unsupported_codec'],
  // A colour space or channel layout that the filters do not convert.
  [/Function not implemented|no path between colorspaces|channel layout '[^']{0,200}' is not/, 'unsupported_codec'],
  [/does not contain any stream|matches no streams/, 'no_streams'],
  [
    /Invalid data found|moov atom not found|End of file|could not find codec parameters|Conversion failed|Error while decoding|Nothing was written|Input contains \(near\) NaN/i,
    'corrupt_input',
  ],
];

const causesOfProbe = causes.filter(([, code]) => code !== 'out_of_memory');

async function orFail(
  running: Promise<RunResult>,
  otherwise: FailureCode,
  known: typeof causes = causes,
): Promise<RunResult> {
  try {
    return await running;
  } catch (error) {
    if (error instanceof ExitError)
      throw new ProcessingFailure(codeOf(error, known) ?? otherwise, error.message, { cause: error });
    throw error;
  }
}

/**
 * Exit codes after SIGXCPU, which ffmpeg takes for a request to stop: graceful at first, immediate after several
 * signals.
 */
const interrupted: readonly (number | null)[] = [255, 123];

function codeOf({ reason, signal, exitCode, stderrTail }: ExitError, known: typeof causes): FailureCode | undefined {
  if (reason === 'timeout' || signal === 'SIGXCPU' || interrupted.includes(exitCode)) return 'timed_out';
  // No valid file of its length produces so much: its timestamps are broken.
  if (signal === 'SIGXFSZ') return 'corrupt_input';
  // Not sent by us: the kernel's out-of-memory killer.
  if (signal === 'SIGKILL') return 'out_of_memory';
  if (reason === 'spawn') return 'internal';
  return known.find(([pattern]) => pattern.test(stderrTail))?.[1];
}
