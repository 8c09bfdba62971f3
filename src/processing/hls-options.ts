import { flags } from './ffmpeg.js';

export const segmentSeconds = 4;

/**
 * ffmpeg's HLS muxer for RFC 8216 segments that are byte ranges of one fragmented MP4 per variant.
 * @param variants as in `-var_stream_map`, each with a `name:`, which becomes the name of its files
 */
export const hlsOptions = (variants: string[]): string[] =>
  flags({
    f: 'hls',
    hls_time: segmentSeconds,
    hls_playlist_type: 'vod',
    hls_list_size: 0,
    hls_segment_type: 'fmp4',
    hls_flags: 'single_file+independent_segments',
    hls_segment_filename: '%v.mp4',
    var_stream_map: variants.join(' '),
  });
