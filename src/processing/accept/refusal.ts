export type RefusalCode =
  | 'empty_file'
  | 'too_large'
  | 'type_not_allowed'
  | 'content_mismatch'
  | 'corrupt_input'
  | 'no_streams'
  | 'too_many_pixels'
  | 'too_many_frames'
  | 'too_long'
  | 'too_large_dimensions'
  | 'frame_rate_too_high'
  | 'too_many_streams';

/** What was found, what the limit is called, what it allows. Goes to the client as it is. */
export type RefusalDetail = Record<string, string | number | readonly string[]>;

/** The file is not taken. `message` is safe to show to whoever sent it. */
export class Refused extends Error {
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly detail: RefusalDetail = {},
  ) {
    super(message);
    this.name = 'Refused';
  }
}
