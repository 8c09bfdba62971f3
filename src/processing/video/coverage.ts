import { ProcessingFailure } from '../run/failure.js';
import type { Track } from './fragments.js';
import type { Segments } from './hls.js';

/** Times are rounded to whole ms in edit lists and by some containers. */
const roundingMs = 2;

/**
 * Whether each segment holds each track for the whole time that its playlist gives it, to within one frame of the track.
 * A player that finds a part of it missing waits for that part, and it comes with a later segment or never.
 * @returns what is wrong, for the log; empty when all is well
 */
export function coverageFaults(name: string, tracks: Track[], { segments }: Segments): string[] {
  const starts = [startOf(tracks)];
  for (const { durationMs } of segments) starts.push(starts.at(-1)! + durationMs);
  return tracks.flatMap(({ kind, frameMs, spans }) => {
    const tolerance = frameMs + roundingMs;
    return segments.flatMap((_, i) => {
      const [start, end] = [starts[i]!, starts[i + 1]!];
      const [span, isLast] = [spans[i], i + 1 === segments.length];
      const where = `${name}: segment ${i + 1} of ${segments.length}, ${ms(start)} to ${ms(end)}`;
      // A segment may be shorter than one frame of its sound, which then belongs to the segment before.
      if (!span) return end - start <= tolerance ? [] : [`${where}, holds no ${kind}`];
      const isLate = Math.abs(span.startMs - start) > tolerance;
      // How far a track may go on behind the last segment is a question of its length.
      const isShort = span.endMs < end - tolerance || (!isLast && span.endMs > end + tolerance);
      return isLate || isShort ? [`${where}, holds ${kind} from ${ms(span.startMs)} to ${ms(span.endMs)}`] : [];
    });
  });
}

/** What a playlist counts from: 0, or the run-up of the decoder, up to a frame, where there is sound alone. */
function startOf(tracks: Track[]): number {
  const [track] = tracks;
  if (!track || tracks.some(({ kind }) => kind === 'video')) return 0;
  return Math.min(0, Math.max(-track.frameMs, track.spans[0]?.startMs ?? 0));
}

/** @throws {ProcessingFailure} when `coverageFaults` finds any: our own doing, whatever the source is like */
export function requireCoverage(name: string, tracks: Track[], file: Segments): void {
  const faults = coverageFaults(name, tracks, file);
  if (!faults.length) return;
  throw new ProcessingFailure('internal', `${faults.length} incomplete: ${faults.slice(0, 5).join('; ')}`);
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
