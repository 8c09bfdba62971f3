import { fileProblems } from './file-problems.js';
import { messageProblems } from './message-problems.js';
import { socketProblems } from './socket-problems.js';

/**
 * Every refusal a client can get. The code is stable; the title is for people; the detail is the default advice, for
 * cases that have nothing more specific.
 */
export const problems = {
  ...socketProblems,
  ...messageProblems,
  ...fileProblems,
  malformed_request: {
    status: 400,
    title: 'The request could not be read',
    detail: 'Its syntax is wrong. Check the body, the headers and the address.',
  },
  code_invalid: {
    status: 400,
    title: 'The code is wrong or was already used',
    detail: 'Check the six digits, or ask for a new code.',
  },
  code_expired: { status: 400, title: 'The code has expired', detail: 'Ask for a new one.' },
  already_verified: {
    status: 409,
    title: 'The e-mail address is already verified',
    detail: 'Nothing to do.',
  },
  not_signed_in: {
    status: 401,
    title: 'Sign in first',
    detail: 'Send an API key in `X-API-KEY`, or an access token in `Authorization: Bearer`.',
  },
  bad_credentials: {
    status: 401,
    title: 'The access token or API key is not valid',
    detail: 'It is wrong, expired or revoked. Refresh the token, or sign in again.',
  },
  invalid_credentials: {
    status: 401,
    title: 'The name or the password is wrong',
    detail: 'Check both, or reset the password.',
  },
  wrong_password: {
    status: 401,
    title: 'The current password is wrong',
    detail: 'Send the password of the account in `currentPassword`.',
  },
  refresh_token_invalid: {
    status: 401,
    title: 'The refresh token is not valid',
    detail: 'It is wrong, expired or was used before. Sign in again.',
  },
  media_token_invalid: {
    status: 401,
    title: 'The signed address is no longer valid',
    detail: 'It has expired or was changed. Request the media again: the answer has new addresses.',
  },
  avatar_token_missing: {
    status: 401,
    title: 'The token of the avatar is missing',
    detail:
      'Send a JWT with the claims `hash` and `exp`, signed with the secret of this service, in `Authorization: Bearer`.',
  },
  avatar_token_invalid: {
    status: 401,
    title: 'The token of the avatar is not valid',
    detail: 'It has expired, or was not signed with the secret of this service (HS256, HS384 or HS512).',
  },
  avatar_token_mismatch: {
    status: 403,
    title: 'The token is for another avatar',
    detail: 'Its claim `hash` must be the hash of the address.',
  },
  email_not_verified: {
    status: 403,
    title: 'Verify your e-mail address first',
    detail: 'Send the code from the mail to `POST users/{username}/verify/{code}`.',
  },
  scope_missing: {
    status: 403,
    title: 'This API key may not do that',
    detail: 'Use a key whose scopes include it, or an access token.',
  },
  not_yours: { status: 403, title: 'Only the owner may do that', detail: 'You can see it, but not change it.' },
  private_account: {
    status: 403,
    title: 'The account is private',
    detail: 'Only its followers can see that. Ask to follow it.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing at this address',
    detail: 'Check its spelling; all addresses are listed at /docs.',
  },
  session_not_found: {
    status: 404,
    title: 'There is no such session of yours',
    detail: '`GET users/me/sessions` lists your sessions.',
  },
  api_key_not_found: {
    status: 404,
    title: 'There is no such API key of yours',
    detail: '`GET users/me/api-keys` lists your keys.',
  },
  user_not_found: {
    status: 404,
    title: 'There is no such user',
    detail: 'The name is wrong, or the account was renamed or deleted.',
  },
  media_not_found: {
    status: 404,
    title: 'There is no such media, or you may not see it',
    detail: 'It may have been deleted, or not be shared with you.',
  },
  avatar_not_found: {
    status: 404,
    title: 'There is no such avatar',
    detail: 'Nothing was uploaded for this hash. GET answers another picture.',
  },
  comment_not_found: {
    status: 404,
    title: 'There is no such comment, or you may not see it',
    detail: 'It may have been deleted, or its media may not be shared with you.',
  },
  playlist_not_found: {
    status: 404,
    title: 'There is no such playlist, or you may not see it',
    detail: 'It may have been deleted, or not be shared with you.',
  },
  request_not_found: {
    status: 404,
    title: 'This user has not asked to follow you',
    detail: 'They may have withdrawn the request.',
  },
  tag_not_found: { status: 404, title: 'There is no such tag', detail: 'No public media has it.' },
  notification_not_found: {
    status: 404,
    title: 'There is no such notification of yours',
    detail: 'It may have been withdrawn or removed.',
  },
  not_in_playlist: {
    status: 404,
    title: 'The media is not in this playlist',
    detail: 'Add it first: `POST medias/{url}/playlists/{playlistUrl}`.',
  },
  upload_not_found: {
    status: 404,
    title: 'There is no such upload, or it is not yours',
    detail: 'It may have been cancelled or finished. Start again.',
  },
  export_expired: {
    status: 404,
    title: 'The link to the archive is no longer valid',
    detail: 'Request another one: `GET users/me/export`.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed at this address',
    detail: '`Allow` lists the allowed ones.',
  },
  request_timeout: {
    status: 408,
    title: 'The request came too slowly',
    detail: 'Send it again, over a better connection.',
  },
  username_taken: { status: 409, title: 'The username is taken', detail: 'Choose another one.' },
  email_taken: {
    status: 409,
    title: 'The e-mail address already has an account',
    detail: 'Sign in, or reset the password.',
  },
  blocked: { status: 409, title: 'You block this user', detail: 'Unblock them first.' },
  limit_reached: {
    status: 409,
    title: 'Limit reached',
    detail: '`GET users/me/limits` lists the limits. Remove one to add another.',
  },
  too_many_keys: { status: 409, title: 'API key limit reached', detail: 'Delete a key to create another.' },
  archive_in_progress: {
    status: 409,
    title: 'An archive of the account is being downloaded',
    detail: 'Only one at a time: try again when it is done, after the seconds in `Retry-After`.',
  },
  upload_offset_conflict: {
    status: 409,
    title: 'The upload continues at another offset',
    detail: 'Ask for it by HEAD.',
  },
  upload_finished: { status: 409, title: 'The upload is complete', detail: 'It is a file now: delete that instead.' },
  upload_expired: { status: 410, title: 'The upload has expired', detail: 'Start again.' },
  precondition_failed: {
    status: 412,
    title: 'The precondition does not hold',
    detail: 'The resource has another version than the request requires.',
  },
  too_large: { status: 413, title: 'Larger than allowed', detail: '`GET users/me/limits` lists the limits.' },
  quota_exceeded: {
    status: 413,
    title: 'Quota exceeded',
    detail: '`GET users/me/limits` shows what is left.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'This type of content is not accepted here',
    detail: 'Check `Content-Type`, and what the file contains.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The range lies outside the content',
    detail: '`Content-Range` has its size.',
  },
  validation_failed: { status: 422, title: 'Some values are invalid', detail: '`errors` lists them with the reason.' },
  content_refused: {
    status: 422,
    title: 'The content of the file is not acceptable',
    detail: 'It is damaged, or in a format that is not supported.',
  },
  yourself: { status: 422, title: 'You cannot do that to yourself', detail: 'Name another user.' },
  playlist_type_mismatch: {
    status: 422,
    title: 'The playlist takes another type of media',
    detail: 'Its `type` says which.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'This Idempotency-Key was used with another request',
    detail: 'Use a new key for a new request.',
  },
  upload_locked: {
    status: 423,
    title: 'Another request is writing to this upload',
    detail: 'Try again when it has ended.',
  },
  too_many_tries: { status: 429, title: 'Too many tries', detail: 'Wait, then ask for a new code.' },
  too_many_uploads: {
    status: 429,
    title: 'Too many uploads are open at once',
    detail: 'Finish or cancel some of them first.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    detail: '`Retry-After` says when to try again.',
  },
  too_many_codes: { status: 429, title: 'Too many codes requested', detail: 'Wait an hour.' },
  headers_too_large: {
    status: 431,
    title: 'The headers are larger than allowed',
    detail: 'Send fewer or shorter ones.',
  },
  upload_checksum_mismatch: {
    status: 460,
    title: 'The bytes do not match Upload-Checksum',
    detail: 'They were damaged in transit. Send them again.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    detail: 'Try again; if it persists, report it with the `instance`.',
  },
  not_supported: {
    status: 501,
    title: 'This is not supported',
    detail: '`OPTIONS uploads` lists what the tus server can do.',
  },
  unavailable: { status: 503, title: 'A service we depend on is down', detail: 'Try again in a moment.' },
} as const satisfies Record<string, { status: number; title: string; detail: string }>;

export type ProblemCode = keyof typeof problems;
