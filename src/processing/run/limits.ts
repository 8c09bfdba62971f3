/** Limits of a file by kind. Sizes in bytes, durations in ms, sides in px. */
export type Limits = {
  photo: PhotoLimits;
  video: { maxBytes: number; maxDurationMs: number; maxSide: number; maxFps: number };
  music: { maxBytes: number; maxDurationMs: number };
  file: { maxBytes: number };
};

export type PhotoLimits = {
  maxBytes: number;
  /** Of all frames together: an animation costs what its frames cost. */
  maxPixels: number;
  maxFrames: number;
};

/**
 * Maximum side of a photo in px, as in JPEG. libvips holds several whole lines: a PNG of a few bytes that declares
 * fifty million by two pixels is within the pixel limit, and took 17 GB.
 */
export const maxPhotoSide = 65_535;

/**
 * Of a picture embedded in music, in addition to the limits of photos: 6,000 px a side is twice what music stores ask
 * for. A cover is optional, so it may cost less than a photo.
 */
export const coverLimits = { maxPixels: 36_000_000, maxSeconds: 10 };

export type Kind = keyof Limits;

/** Frames or pages of any picture, whatever the operator allows. */
export const maxFramesOfAny = 2_000;

/** Segments, chunks or blocks of a picture: reading their headers takes time, too. */
export const maxParts = 1_000_000;

/** More than any camera or editor writes; only malicious files have more. */
export const maxStreams = 32;
