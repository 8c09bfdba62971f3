import { z } from 'zod';

export const DeleteAccountBody = z
  .strictObject({ currentPassword: z.string().min(1).max(128).meta({ example: 'correct horse battery' }) })
  .meta({ id: 'DeleteAccount' });
export const ExportAnswer = z
  .object({ expiresAt: z.iso.datetime().meta({ description: 'When the mailed link will expire' }) })
  .meta({ id: 'ExportRequested' });
export const ArchiveQuery = z.strictObject({
  t: z.string().min(1).max(100).meta({ description: 'The secret of the mailed link' }),
});
