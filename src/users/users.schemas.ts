import { hash } from 'node:crypto';
import { z } from 'zod';
import { page, PageQuery } from '../platform/http/page.js';
import { line, text } from '../platform/http/text-fields.js';
import { amounts } from '../platform/limits/amounts.js';
import { roles } from '../platform/http/viewer.js';
import { messageSenders, presenceAudiences } from './user.entity.js';

/** Names that routes and staff need. */
const reserved = new Set(
  `me search unread-count sign-in sign-out sign-up refresh verify resend-email password-reset newapikey api-keys sessions export limits
   admin administrator moderator root system support help vitrine api docs www mail static assets null undefined`.split(
    /\s+/,
  ),
);

export const maxUsernameLength = 30;
export const Username = z
  .string()
  .max(maxUsernameLength, { abort: true })
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

/** BCP 47, in its canonical form: `DE-at` is `de-AT`. */
export const Locale = z
  .string()
  .max(35)
  .transform((value, context) => {
    try {
      return Intl.getCanonicalLocales(value)[0]!;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      context.addIssue('not a language tag (BCP 47)');
      return z.NEVER;
    }
  })
  .pipe(z.string().max(35))
  .meta({ example: 'en' });

const Color = z
  .string()
  .regex(/^#[0-9A-Fa-f]{6}$/, 'six hexadecimal digits after a `#`')
  .transform((value) => value.toLowerCase())
  .meta({ example: '#336699' });

/** A web address without credentials, in the form that browsers write. */
const WebAddress = z
  .string()
  // Limited before parsing, which takes time quadratic in the host's length.
  .max(500, { abort: true })
  .pipe(z.url({ protocol: /^https?$/ }))
  .transform((value) => new URL(value))
  .refine(({ hostname, username, password }) => hostname && !username && !password, 'not a plain web address')
  .transform(({ href }) => href)
  .pipe(z.string().max(1_000))
  .meta({ format: 'uri', maxLength: 500, example: 'https://example.org/' });

const Birthday = z.iso
  .date()
  .refine((day) => day >= '1900-01-01' && day < new Date().toISOString().slice(0, 10), 'a day in the past')
  .meta({ example: '1815-12-10' });

const AllowMessages = z
  .enum(messageSenders)
  .meta({ description: 'Who may write to you. `followed`: those whom you follow, or whose chat you accepted' });
const ReadReceipts = z
  .boolean()
  .meta({ description: '`false`: others do not see which messages you read, nor you which they read' });

const PushText = z.boolean().meta({ description: '`true`: pushes show what a message says, and who did what' });

/** Fields of a profile that its owner edits; null clears. */
export const ProfileFields = z
  .strictObject({
    displayName: DisplayName,
    bio: Bio,
    color: Color.nullable(),
    pronouns: line(40, 1).nullable(),
    links: z.array(z.strictObject({ title: line(60, 1), url: WebAddress })).max(amounts.links.max),
    birthday: Birthday.nullable(),
    isPrivate: z.boolean(),
    showPresence: z.enum(presenceAudiences).meta({
      description:
        'Who sees whether you are online, and when you last were. `mutual`: those who follow each other, or write to each other. ' +
        'With `nobody`, you see it of nobody, either',
    }),
    locale: Locale,
    allowMessages: AllowMessages,
    readReceipts: ReadReceipts,
    pushText: PushText,
  })
  .partial();
export type ProfileFields = z.infer<typeof ProfileFields>;

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
    derived: Usage.meta({
      description: 'Made of that: sizes, qualities, previews. Four times the bytes that may be stored',
    }),
  })
  .meta({ id: 'Quota' });

/** Where a profile shows a photo. */
export const places = ['profile', 'channel'] as const;
export type Place = (typeof places)[number];

/**
 * The address changes with each choice.
 * @param photoId null for none
 */
export const photoHref = (username: string, place: Place, photoId: string | null): string | null =>
  photoId && `/api/users/${username}/${place}-photo?v=${photoId.slice(-8)}`;

/** The user's photo, or the avatar that is drawn from their id. */
export const avatarUrl = ({ userId, username, profilePhotoId }: Omit<OwnerRow, 'displayName'>): string =>
  photoHref(username, 'profile', profilePhotoId) ?? `/avatars/${hash('sha1', userId)}`;

export const Owner = z
  .object({ username: z.string(), displayName: z.string(), avatarUrl: z.string() })
  .meta({ id: 'Owner' });

/** Columns of a user shown beside something of theirs. */
export interface OwnerRow {
  userId: string;
  username: string;
  displayName: string;
  profilePhotoId: string | null;
}
export const ownerAnswer = ({ displayName, ...user }: OwnerRow): z.infer<typeof Owner> => ({
  ...{ username: user.username, displayName },
  avatarUrl: avatarUrl(user),
});

/** The caller's relation to another user. */
export const Relation = z.object({
  following: z.boolean(),
  followsMe: z.boolean(),
  requested: z.boolean().meta({ description: 'Requested to follow, not accepted yet' }),
  blocking: z.boolean(),
  muting: z.boolean(),
});
export type Relation = z.infer<typeof Relation>;

export const Profile = z
  .object({
    username: z.string().meta({ example: 'ada' }),
    displayName: z.string(),
    bio: z.string(),
    color: z.string().nullable().meta({ example: '#336699' }),
    pronouns: z.string().nullable(),
    links: z.array(z.object({ title: z.string(), url: z.string() })),
    avatarUrl: z.string().meta({ description: 'The profile photo, or a picture drawn for this user' }),
    channelPhotoUrl: z.string().nullable(),
    isPrivate: z.boolean(),
    createdAt: z.iso.datetime(),
    counts: UserCounts,
    viewer: Relation.optional().meta({ description: 'The signed-in caller’s relation to this user' }),
    email: z.email().optional().meta({ description: 'For your own profile only, like all fields below' }),
    emailVerified: z.boolean().optional(),
    pendingEmail: z
      .email()
      .nullable()
      .optional()
      .meta({ description: 'Becomes your address when the code mailed to it is confirmed' }),
    birthday: z.iso.date().nullable().optional(),
    locale: z.string().optional(),
    allowMessages: AllowMessages.optional(),
    readReceipts: ReadReceipts.optional(),
    pushText: PushText.optional(),
    showPresence: z.enum(presenceAudiences).optional(),
    role: z.enum(roles).optional(),
    quota: Quota.optional(),
  })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof Profile>;
export const UserPage = page(Profile).meta({ id: 'UserPage' });
