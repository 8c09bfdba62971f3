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

/** The found value, the limit's name and its value. Sent to the client unchanged. */
type RefusalDetail = Record<string, string | number | readonly string[]>;

/** The file is refused. `message` may be shown to the client. */
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
