/** What a file of each kind may measure at most. Sizes in bytes, durations in ms, sides in px. */
export type Limits = {
  photo: PhotoLimits;
  video: { maxBytes: number; maxDurationMs: number; maxSide: number; maxFps: number };
  music: { maxBytes: number; maxDurationMs: number };
  file: { maxBytes: number };
};

export type PhotoLimits = {
  maxBytes: number;
  /** Over all frames together: an animation costs what its frames cost. */
  maxPixels: number;
  maxFrames: number;
};

/**
 * Of a photo, px: what JPEG can say. libvips holds whole lines, several at a time: a few bytes of PNG that say fifty million
 * pixels by two are inside the limit of pixels, and took 17 GB.
 */
export const maxPhotoSide = 65_535;

export type Kind = keyof Limits;

/** More than any camera or editor writes; a file beyond it is made to hurt. */
export const maxStreams = 32;
