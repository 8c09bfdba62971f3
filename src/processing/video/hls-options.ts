import { flags } from '../run/ffmpeg.js';

export const segmentSeconds = 4;

/**
 * ffmpeg's HLS muxer for RFC 8216 segments that are byte ranges of one fragmented MP4 per variant. Each segment holds
 * the sound of the time in which its pictures are shown, and all tracks begin at 0.
 * @param variants as in `-var_stream_map`, each with a `name:`, which becomes the name of its files
 * @param reorderSeconds how long before it is shown a key frame is decoded, because of B-frames
 */
export const hlsOptions = (variants: string[], reorderSeconds = 0): string[] =>
  flags({
    // The muxer starts a segment with the packet of a key frame, and packets come in the order of their decoding times:
    // without this, each segment would lack the last of its sound.
    audio_preload: Math.round(reorderSeconds * 1e6),
    // By default the muxer waits for a track no longer than 10 s, then goes on without it.
    max_interleave_delta: 0,
    // Encoders begin before 0, with reordered pictures and with the priming of AAC. Moved to 0, each track would need an
    // edit list that starts with an empty edit, which browsers ignore (Chromium, `TrackRunIterator`).
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
