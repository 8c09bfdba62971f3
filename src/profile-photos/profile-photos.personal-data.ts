import { by, type Holding } from '../platform/database/holding.js';

export const photoWishes: Holding = {
  table: 'photo_wishes',
  rows: by('user_id'),
  exportedBy: null,
  why: 'Photos chosen for the profile and not yet shown.',
};
