import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { resolveBinaries } from '../../src/processing/run/binaries.js';

const exec = promisify(execFile);

export interface Stream {
  codec_type: 'video' | 'audio' | 'subtitle' | 'data';
  codec_name: string;
  profile?: string;
  level?: number;
  width?: number;
  height?: number;
  sample_aspect_ratio?: string;
  pix_fmt?: string;
  r_frame_rate?: string;
  duration?: string;
  side_data_list?: { rotation?: number }[];
}
export interface Packet {
  codec_type: 'video' | 'audio';
  /** s */
  pts_time: string;
  /** bytes from the start of the file */
  pos: string;
  flags: string;
}
export interface Streams {
  streams: Stream[];
  packets: Packet[];
  format: { duration: string; tags?: Record<string, string> };
}

/** All that ffprobe reports about a file, including every packet. */
export async function streamsOf(path: string): Promise<Streams> {
  const { ffprobe } = await resolveBinaries();
  const show = ['-show_streams', '-show_format', '-show_entries', 'packet=codec_type,pts_time,pos,flags'];
  const { stdout } = await exec(ffprobe, ['-v', 'error', '-print_format', 'json', ...show, path], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout) as Streams;
}

/** RFC 6381 names of H.264 (ISO/IEC 14496-15, 5.3.3.1) and AAC-LC, translated from ffprobe's terms. */
export function codecName({ codec_name, profile = '', level = 0 }: Stream): string {
  if (codec_name === 'aac' && profile === 'LC') return 'mp4a.40.2';
  const profiles: Record<string, string> = { High: '6400', Main: '4d40', 'Constrained Baseline': '42c0' };
  return `avc1.${profiles[profile]}${level.toString(16).padStart(2, '0')}`;
}
