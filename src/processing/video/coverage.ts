import { ProcessingFailure } from '../run/failure.js';
import type { Track } from './fragments.js';
import type { Segments } from './hls.js';

/** Times are rounded to whole ms in edit lists and by some containers. */
const roundingMs = 2;

/**
 * Checks that each segment contains each track for its whole duration in the playlist, within one frame of the track. A
 * player waits for a missing part, which comes with a later segment or never.
 * @returns what is missing, for the log
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
      // A segment may be shorter than one frame of its sound, which is then in the previous segment.
      if (!span) return end - start <= tolerance ? [] : [`${where}, contains no ${kind}`];
      const isLate = Math.abs(span.startMs - start) > tolerance;
      // Only the length check limits how far a track extends beyond the last segment.
      const isShort = span.endMs < end - tolerance || (!isLast && span.endMs > end + tolerance);
      return isLate || isShort ? [`${where}, contains ${kind} from ${ms(span.startMs)} to ${ms(span.endMs)}`] : [];
    });
  });
}

/** Start of the playlist, ms: 0, or for sound alone that of the encoder's priming, up to one frame before 0. */
function startOf(tracks: Track[]): number {
  const [track] = tracks;
  if (!track || tracks.some(({ kind }) => kind === 'video')) return 0;
  return Math.min(0, Math.max(-track.frameMs, track.spans[0]?.startMs ?? 0));
}

/** @throws {ProcessingFailure} `internal` if there are faults: no source may cause them */
export function requireCoverage(name: string, tracks: Track[], file: Segments): void {
  const faults = coverageFaults(name, tracks, file);
  if (!faults.length) return;
  throw new ProcessingFailure('internal', `${faults.length} incomplete segments: ${faults.slice(0, 5).join('; ')}`);
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
