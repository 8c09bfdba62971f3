import { by, type Holding } from '../platform/database/holding.js';

export const activities: Holding = {
  table: 'activities',
  rows: by('actor_id'),
  exportedBy: null,
  why: 'What the account published and reposted, in the order of feeds; the export has both by themselves.',
};

export const feedSources: Holding = {
  table: 'feed_sources',
  rows: by('reader_id', 'actor_id'),
  exportedBy: ['reader_id', 'actor_id'],
  without: ['is_fed', 'changed_at'],
  why: 'From where to where the timeline of one account has what another one did.',
};

export const feedEntries: Holding = {
  table: 'feed_entries',
  rows: by('reader_id'),
  exportedBy: null,
  why: 'The timeline of the account, written in advance.',
};

export const feedReaders: Holding = {
  table: 'feed_readers',
  rows: by('reader_id'),
  exportedBy: ['reader_id'],
  without: ['swept_at'],
  why: 'When the account last read its timeline.',
};
