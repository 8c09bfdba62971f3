/** Those of files, for problem-codes.ts. */
export const fileProblems = {
  file_not_found: {
    status: 404,
    title: 'There is no such file, or you may not see it',
    detail: 'It may have been deleted, or not be shared with you.',
  },
  file_not_ready: {
    status: 404,
    title: 'The file is still being processed',
    detail: 'Come back later: `Retry-After` says when.',
  },
  rendition_not_found: {
    status: 404,
    title: 'The file has no such rendition',
    detail: 'The media lists its renditions.',
  },
  file_in_use: {
    status: 409,
    title: 'The file is in use',
    detail: 'A media, a comment, a message or your profile shows it.',
  },
  file_failed: {
    status: 409,
    title: 'The file could not be processed',
    detail: '`GET files/{url}` says why. Retry it, or upload another one.',
  },
  file_processing: { status: 409, title: 'The file is still being processed', detail: 'Try again when it is ready.' },
  file_not_failed: {
    status: 409,
    title: 'Only a failed file can be retried',
    detail: '`GET files/{url}` shows its status.',
  },
  file_missing: {
    status: 422,
    title: 'The file is missing',
    detail: 'Send a form with one part named `file`, with a filename.',
  },
  file_kind_mismatch: {
    status: 422,
    title: 'A file is not of the kind this media needs',
    detail: 'Check its `kind`, and for a reel its orientation.',
  },
} as const;
