import { z } from 'zod';
import { Slug } from '../files/files.schemas.js';

const token = z.string().max(200).optional().meta({ description: 'The signature in an address from the API' });

export const sizes = ['thumb', 'small', 'medium', 'large', 'original'] as const;
const format = z
  .enum(['avif', 'webp', 'jpeg'])
  .optional()
  .meta({ description: 'Exactly this format; by default the `Accept` header decides' });

const version = z.string().max(16).optional().meta({
  description: 'Part of the addresses from the API; changes when the bytes do, so that caches never mix them up',
});

export const TokenQuery = z.strictObject({ t: token, v: version });
export const ImageQuery = z.strictObject({ size: z.enum(sizes).default('medium'), format, t: token, v: version });
export type ImageQuery = z.infer<typeof ImageQuery>;
export const PhotoQuery = ImageQuery.extend({
  raw: z.enum(['0', '1']).default('0').meta({ description: '1: the upload as it was sent, for its owner only' }),
});
export type PhotoQuery = z.infer<typeof PhotoQuery>;

const squares = ['128', '256', '512', '1024'] as const;
const ofProfile = { format, v: version };
const side = { description: 'px; a smaller photo gives its largest square' };
export const ProfilePhotoQuery = z.strictObject({ size: z.enum(squares).default('256').meta(side), ...ofProfile });
export const ChannelPhotoQuery = z.strictObject({
  size: z
    .enum([...squares, 'thumb', 'small', 'medium', 'large'])
    .default('large')
    .meta({ description: 'A square by its px, or the whole picture in one of its sizes' }),
  ...ofProfile,
});
export type ProfilePhotoQuery = z.infer<typeof ProfilePhotoQuery> | z.infer<typeof ChannelPhotoQuery>;

export const FileParam = z.strictObject({ url: Slug });
export const SubtitlesFileParam = z.strictObject({ url: Slug, lang: z.string().regex(/^[A-Za-z0-9-]{2,35}$/) });
const rungName = /^[0-9a-z]{1,20}$/;
export const PlaylistParam = z.strictObject({ url: Slug, rung: z.string().regex(rungName) });
export const SheetParam = z.strictObject({ url: Slug, sheet: z.string().regex(/^\d{1,4}$/) });

/** As audiowaveform writes them: https://github.com/bbc/audiowaveform, "Data formats". */
export const Waveform = z
  .object({
    version: z.literal(2),
    channels: z.literal(1),
    bits: z.literal(8),
    sample_rate: z.int(),
    samples_per_pixel: z.int(),
    length: z.int().meta({ description: 'Number of points: half the length of `data`' }),
    data: z.array(z.int()).meta({ description: 'Minimum and maximum of each point' }),
  })
  .meta({ id: 'Waveform' });
