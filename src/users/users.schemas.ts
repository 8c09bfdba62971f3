import { z } from 'zod';
import { page, PageQuery } from '../platform/http/page.js';
import { roles } from '../platform/http/viewer.js';

/** Words that routes and staff need for themselves. */
const reserved = new Set(
  `me search sign-in sign-out sign-up refresh verify resend-email password-reset newapikey api-keys sessions export limits
   admin administrator moderator root system support help vitrine api docs www mail static assets null undefined`.split(
    /\s+/,
  ),
);

/** One line of text: no control characters, no bidi overrides that would turn the page around, NFC. */
export const line = (max: number, min = 0) =>
  z
    .string()
    .transform((value) => value.normalize('NFC').trim())
    .pipe(
      z
        .string()
        .min(min)
        .max(max)
        .regex(/^[^\p{Cc}\u202A-\u202E\u2066-\u2069]*$/u, 'control characters are not allowed'),
    );

/** Text with line breaks. */
export const text = (max: number) =>
  z
    .string()
    .transform((value) => value.normalize('NFC').replaceAll('\r\n', '\n').trim())
    .pipe(
      z
        .string()
        .max(max)
        .regex(/^[^\p{Cc}\u202A-\u202E\u2066-\u2069]*$|^[\n\t\P{Cc}]*$/u, 'control characters are not allowed'),
    );

export const Username = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{2,30}$/, '2 to 30 letters, digits, `_`, `.` or `-`')
  .refine((name) => /[A-Za-z0-9]/.test(name), 'needs a letter or a digit')
  .meta({ example: 'ada' });
export const NewUsername = Username.refine((name) => !reserved.has(name.toLowerCase()), 'this name is reserved');
export const UsernameParam = z.strictObject({ username: Username });

const userSorts = ['newest', 'oldest', 'most-viewed', 'least-viewed', 'most-followed', 'least-followed'] as const;
export type UserSort = (typeof userSorts)[number] | 'relevance';
export const UserListQuery = PageQuery.extend({ sort: z.enum(userSorts).default('newest') });
export type UserListQuery = z.infer<typeof UserListQuery>;
export const UserSearchQuery = PageQuery.extend({ sort: z.enum([...userSorts, 'relevance']).default('relevance') });
export type UserSearchQuery = z.infer<typeof UserSearchQuery>;
export const TermParam = z.strictObject({ term: line(100, 1).meta({ example: 'ada' }) });

export const DisplayName = line(60, 1).meta({ example: 'Ada Lovelace' });
export const Bio = text(500).meta({ example: 'First programmer.' });

const count = z.int().min(0);
export const UserCounts = z
  .object({
    followers: count,
    followings: count,
    photos: count,
    videos: count,
    musics: count,
    views: count,
    likesReceived: count,
  })
  .meta({ id: 'UserCounts' });

const Usage = z.object({ usedBytes: count, allowedBytes: count }).meta({ id: 'Usage' });
export const Quota = z
  .object({
    day: Usage.meta({ description: 'Sent in the last 24 hours' }),
    total: Usage.meta({ description: 'Stored now' }),
  })
  .meta({ id: 'Quota' });

/** Where a profile shows a photo. */
export const places = ['profile', 'channel'] as const;
export type Place = (typeof places)[number];

/** Another address for each choice. @param photoId null for none */
export const photoHref = (username: string, place: Place, photoId: string | null): string | null =>
  photoId && `/api/users/${username}/${place}-photo?v=${photoId.slice(-8)}`;

export const Owner = z
  .object({ username: z.string(), displayName: z.string(), avatarUrl: z.string().nullable() })
  .meta({ id: 'Owner' });

export const Profile = z
  .object({
    username: z.string().meta({ example: 'ada' }),
    displayName: z.string(),
    bio: z.string(),
    color: z.string().nullable().meta({ example: '#336699' }),
    pronouns: z.string().nullable(),
    links: z.array(z.object({ title: z.string(), url: z.string() })),
    avatarUrl: z.string().nullable(),
    channelPhotoUrl: z.string().nullable(),
    isPrivate: z.boolean(),
    createdAt: z.iso.datetime(),
    counts: UserCounts,
    viewer: z
      .object({
        following: z.boolean(),
        followsMe: z.boolean(),
        requested: z.boolean(),
        blocking: z.boolean(),
        muting: z.boolean(),
      })
      .optional()
      .meta({ description: 'How the signed-in caller stands to this user' }),
    email: z.email().optional().meta({ description: 'Only of oneself, as the three below' }),
    emailVerified: z.boolean().optional(),
    role: z.enum(roles).optional(),
    quota: Quota.optional(),
  })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof Profile>;
export const UserPage = page(Profile).meta({ id: 'UserPage' });
