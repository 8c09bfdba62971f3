import { z } from 'zod';

/** A time that PostgreSQL can read, too: no year 0, no offset out of its range. */
export const Timestamp = z.iso.datetime({ offset: true }).regex(/^[1-9].*(?:Z|[+-](?:0\d|1[0-4]):\d\d)$/);
