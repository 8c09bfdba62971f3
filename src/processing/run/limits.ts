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

export type Kind = keyof Limits;

/** More than any camera or editor writes; a file beyond it is made to hurt. */
export const maxStreams = 32;
