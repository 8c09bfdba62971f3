import { HttpException } from '@nestjs/common';

/** Every refusal a client can meet. The code is stable; the title is for a person, the detail for this one case. */
export const problems = {
  malformed_request: { status: 400, title: 'The request could not be read' },
  code_invalid: { status: 400, title: 'The code is wrong or was already used' },
  code_expired: { status: 400, title: 'The code has expired: ask for a new one' },
  already_verified: { status: 409, title: 'The e-mail address is verified already' },
  not_signed_in: { status: 401, title: 'Sign in first' },
  bad_credentials: { status: 401, title: 'The access token or API key is not valid' },
  invalid_credentials: { status: 401, title: 'The name or the password is wrong' },
  wrong_password: { status: 401, title: 'The current password is wrong' },
  refresh_token_invalid: { status: 401, title: 'The refresh token is not valid: sign in again' },
  media_token_invalid: { status: 403, title: 'The signed address has expired or was changed' },
  email_not_verified: { status: 403, title: 'Verify your e-mail address first' },
  scope_missing: { status: 403, title: 'This API key may not do that' },
  not_yours: { status: 403, title: 'Only the owner may do that' },
  private_account: { status: 403, title: 'The account is private: only its followers see that' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  session_not_found: { status: 404, title: 'There is no such session of yours' },
  api_key_not_found: { status: 404, title: 'There is no such API key of yours' },
  user_not_found: { status: 404, title: 'There is no such user' },
  media_not_found: { status: 404, title: 'There is no such media, or you may not see it' },
  comment_not_found: { status: 404, title: 'There is no such comment, or you may not see it' },
  playlist_not_found: { status: 404, title: 'There is no such playlist, or you may not see it' },
  request_not_found: { status: 404, title: 'This user has not asked to follow you' },
  tag_not_found: { status: 404, title: 'There is no such tag' },
  notification_not_found: { status: 404, title: 'There is no such notification of yours' },
  not_in_playlist: { status: 404, title: 'The media is not in this playlist' },
  file_not_found: { status: 404, title: 'There is no such file, or you may not see it' },
  upload_not_found: { status: 404, title: 'There is no such upload, or it is not yours' },
  file_not_ready: { status: 404, title: 'The file is still being processed: come back later' },
  rendition_not_found: { status: 404, title: 'The file has no such rendition' },
  method_not_allowed: { status: 405, title: 'This address does not know that method' },
  request_timeout: { status: 408, title: 'The request came too slowly' },
  username_taken: { status: 409, title: 'The username is taken' },
  email_taken: { status: 409, title: 'The e-mail address has an account already' },
  blocked: { status: 409, title: 'You block this user: end that first' },
  limit_reached: { status: 409, title: 'Limit reached: remove one to add another' },
  too_many_keys: { status: 409, title: 'That are as many API keys as an account may have: delete one first' },
  file_in_use: { status: 409, title: 'The file is shown by a media, a comment or your profile' },
  file_failed: { status: 409, title: 'The file could not be processed' },
  file_processing: { status: 409, title: 'The file is still being processed: try again when it is ready' },
  file_not_failed: { status: 409, title: 'Only a failed file can be retried' },
  upload_offset_conflict: { status: 409, title: 'The upload continues at another offset' },
  upload_finished: { status: 409, title: 'The upload is complete: delete the file instead' },
  export_expired: { status: 404, title: 'The link to the archive is not valid any more: ask for another one' },
  upload_expired: { status: 410, title: 'The upload has expired: start again' },
  file_missing: { status: 422, title: 'The form has no file in the field `file`' },
  precondition_failed: { status: 412, title: 'The precondition does not hold' },
  too_large: { status: 413, title: 'That is larger than allowed' },
  quota_exceeded: { status: 413, title: 'That is more than your quota leaves' },
  unsupported_media_type: { status: 415, title: 'This type of content is not accepted here' },
  range_not_satisfiable: { status: 416, title: 'The range lies outside the content' },
  validation_failed: { status: 422, title: 'Some values are not acceptable' },
  content_refused: { status: 422, title: 'The content of the file is not acceptable' },
  yourself: { status: 422, title: 'Nobody can do that to themselves' },
  playlist_type_mismatch: { status: 422, title: 'The playlist takes another type of media' },
  file_kind_mismatch: { status: 422, title: 'A file is not of the kind this media needs' },
  idempotency_mismatch: { status: 422, title: 'This Idempotency-Key was used with another request' },
  upload_locked: { status: 423, title: 'Another request is writing to this upload' },
  too_many_tries: { status: 429, title: 'Too many tries: wait, then ask for a new code' },
  too_many_uploads: { status: 429, title: 'Too many uploads are open at once' },
  too_many_requests: { status: 429, title: 'That was asked for too often: wait a little' },
  too_many_codes: { status: 429, title: 'Too many codes were asked for: wait an hour' },
  headers_too_large: { status: 431, title: 'The headers are larger than allowed' },
  upload_checksum_mismatch: { status: 460, title: 'The bytes do not match Upload-Checksum' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  not_supported: { status: 501, title: 'This is not supported' },
  unavailable: { status: 503, title: 'A service we depend on is down: try again in a moment' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;
export interface FieldError {
  /** JSON pointer into the body, or the name of a parameter. */
  pointer: string;
  message: string;
}
interface ProblemOptions {
  detail?: string;
  errors?: FieldError[];
  headers?: Record<string, string>;
  /** A finer reason than the code, for programs: `too_many_pixels`. */
  reason?: string;
  cause?: unknown;
}

/** Becomes an RFC 9457 document in the one exception filter. */
export class Problem extends HttpException {
  readonly extras: ProblemOptions;

  constructor(
    readonly code: ProblemCode,
    options: string | ProblemOptions = {},
  ) {
    const given = typeof options === 'string' ? { detail: options } : options;
    super(problems[code].title, problems[code].status, { cause: given.cause });
    this.extras = given;
  }

  /** @param instance the request id */
  toDocument(instance?: string) {
    const { status, title } = problems[this.code];
    const { detail, errors, reason } = this.extras;
    return {
      type: `/docs/problems#${this.code}`,
      title,
      status,
      ...(detail && { detail }),
      code: this.code,
      ...(reason && { reason }),
      ...(instance && { instance }),
      ...(errors && { errors }),
    };
  }
}
