import { flags } from '../run/ffmpeg.js';

export const segmentSeconds = 4;

/**
 * Options of ffmpeg's HLS muxer: one fragmented MP4 per variant, whose byte ranges are the segments (RFC 8216). Each
 * segment contains the sound of the time in which its pictures are shown, and all tracks begin at 0.
 * @param variants as in `-var_stream_map`, each with a `name:`, which becomes the name of its files
 * @param reorderSeconds how long before its presentation a key frame is decoded, because of B-frames
 */
export const hlsOptions = (variants: string[], reorderSeconds = 0): string[] =>
  flags({
    // The muxer starts a segment at the packet of a key frame, and packets are in the order of decoding times: without
    // this, the end of each segment's sound would be in the next segment.
    audio_preload: Math.round(reorderSeconds * 1e6),
    // By default the muxer waits for a track for 10 s, then continues without it.
    max_interleave_delta: 0,
    // Encoded tracks begin before 0, because of reordered pictures and AAC priming. If they were shifted to 0, each
    // would need an edit list that starts with an empty edit, which browsers ignore (Chromium, `TrackRunIterator`).
    avoid_negative_ts: 'disabled',
    f: 'hls',
    hls_time: segmentSeconds,
    hls_playlist_type: 'vod',
    hls_list_size: 0,
    hls_segment_type: 'fmp4',
    hls_flags: 'single_file+independent_segments',
    hls_segment_filename: '%v.mp4',
    var_stream_map: variants.join(' '),
  });
