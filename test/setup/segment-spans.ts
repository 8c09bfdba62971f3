import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { resolveBinaries } from '../../src/processing/run/binaries.js';
import type { Segments } from '../../src/processing/video/hls.js';

const exec = promisify(execFile);

interface Packet {
  codec_type: 'video' | 'audio';
  pts_time: string;
  duration_time: string;
  /** bytes from the start of the file */
  pos: string;
}

/**
 * Segments of a rung that lack a part of a track, measured by ffprobe, which shares no code with the check before
 * publishing. One frame more or less at each border is normal. Returns readable lines; none if all is well.
 */
export async function incompleteSegments(path: string, { segments }: Segments): Promise<string[]> {
  const { ffprobe } = await resolveBinaries();
  const show = ['-show_entries', 'packet=codec_type,pts_time,duration_time,pos'];
  const { stdout } = await exec(ffprobe, ['-v', 'error', '-print_format', 'json', ...show, path], {
    maxBuffer: 256 * 1024 * 1024,
  });
  const { packets } = JSON.parse(stdout) as { packets: Packet[] };
  const faults: string[] = [];
  const kinds = new Set(packets.map(({ codec_type }) => codec_type));
  const isAlone = !kinds.has('video');
  for (const kind of kinds) {
    const ofTrack = packets.filter(({ codec_type }) => codec_type === kind);
    const frame = Math.max(...ofTrack.slice(0, -1).map(({ duration_time }) => Number(duration_time))) + 0.002;
    // Sound counts from its first packet, which only primes the decoder.
    let start = isAlone ? Math.min(0, Math.max(-frame, Number(ofTrack[0]!.pts_time))) : 0;
    segments.forEach(({ offset, bytes, durationMs }, i) => {
      const inside = ofTrack.filter(({ pos }) => Number(pos) >= offset && Number(pos) < offset + bytes);
      const end = start + durationMs / 1000;
      const from = Math.min(...inside.map(({ pts_time }) => Number(pts_time)));
      const to = Math.max(...inside.map(({ pts_time, duration_time }) => Number(pts_time) + Number(duration_time)));
      const isLast = i + 1 === segments.length;
      const isWhole = Math.abs(from - start) <= frame && (isLast ? to >= end - frame : Math.abs(to - end) <= frame);
      if (!isWhole && end - start > frame)
        faults.push(`${kind} of segment ${i + 1}: ${from} to ${to} s instead of ${start} to ${end} s`);
      start = end;
    });
  }
  return faults;
}
