type Failure = {
  /** Shown to the media's owner: no path, no stderr. */
  sentence: string;
  /** The same bytes will fail the same way again, so retrying is useless. */
  permanent: boolean;
};

export const failures = {
  unsupported_codec: { sentence: 'This file uses a format or codec that cannot be processed.', permanent: true },
  corrupt_input: { sentence: 'This file is damaged or incomplete.', permanent: true },
  no_streams: { sentence: 'This file contains nothing that can be shown or played.', permanent: true },
  too_many_pixels: { sentence: 'This picture has more pixels than allowed.', permanent: true },
  too_large_dimensions: { sentence: 'This picture is wider or higher than allowed.', permanent: true },
  too_many_frames: { sentence: 'This animation has more frames than allowed.', permanent: true },
  too_long: { sentence: 'This file plays longer than allowed.', permanent: true },
  timed_out: { sentence: 'Processing took too long and was stopped.', permanent: false },
  out_of_memory: { sentence: 'Processing needed more memory than allowed.', permanent: false },
  storage_full: { sentence: 'There was not enough storage space for the result.', permanent: false },
  internal: { sentence: 'Something went wrong on our side while processing this file.', permanent: false },
} as const satisfies Record<string, Failure>;

export type FailureCode = keyof typeof failures;

export const failureCodes = Object.keys(failures) as FailureCode[];

/** Why a file could not be processed. `message` is safe to show; details are in `detail` and `cause`. */
export class ProcessingFailure extends Error {
  readonly permanent: boolean;

  constructor(
    readonly code: FailureCode,
    /** For the log only: may quote stderr. */
    readonly detail = '',
    options?: ErrorOptions,
  ) {
    super(failures[code].sentence, options);
    this.name = 'ProcessingFailure';
    this.permanent = failures[code].permanent;
  }
}
