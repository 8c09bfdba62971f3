import { Documented, type OnReturning } from '../platform/http/route.js';

const names = {
  hash: '40 hexadecimal digits',
  backup: 'Another hash, for when the first has no avatar',
  size: '`small` 128, `medium` 256, `large` 512, `original` 1024, or a number of px: the next larger one',
  sizeOrBackup: 'A size, or, if it has 40 hexadecimal digits, a backup hash',
};

type Name = keyof typeof names;
const paramsOf = (used: Name[]) => Object.fromEntries(used.map((name) => [name, names[name]]));

export const DocumentedPicture = (...params: Name[]): OnReturning<void> =>
  Documented({
    summary: 'The avatar of a hash',
    description:
      'Never 404: without an avatar of the hash, that of the backup; else the default one of this server; else one that is ' +
      'drawn from the hash (as SVG, whatever `Accept` says, for a network that requests more than 1,200 new ones a ' +
      'minute). Without `v`, caches must revalidate, so a change shows at once.',
    params: paramsOf(params),
    answers: {
      200: {
        content: 'image/*',
        headers: { ETag: 'Strong', 'Cache-Control': 'A year for the address with the version; else `no-cache`' },
        description: 'A square picture',
      },
      206: { content: 'image/*', description: 'The requested range' },
      302: { description: 'To the storage, with `AVATAR_REDIRECT`', headers: { Location: 'Valid for minutes' } },
      304: { description: 'Your copy is still valid' },
    },
    problems: ['range_not_satisfiable', 'precondition_failed', 'validation_failed', 'too_many_requests'],
  });

export const DocumentedExistence = (...params: Name[]): OnReturning<Promise<void>> =>
  Documented({
    summary: 'Whether there is an avatar',
    params: paramsOf(params),
    answers: { 204: null },
    problems: ['avatar_not_found', 'validation_failed'],
  });
