import { z } from 'zod';
import { avatarTypes } from '../processing/image/avatar.js';

/** Sides in px, by the names that addresses use. */
export const sizeNames = { small: 128, medium: 256, large: 512, original: 1024 } as const;
export const names = Object.keys(sizeNames) as (keyof typeof sizeNames)[];
const sizes = Object.values(sizeNames);

export const Hash = z
  .string()
  .regex(/^[0-9a-f]{40}$/i, 'Must be 40 hexadecimal digits')
  .toLowerCase();

/** A number means the next larger size. */
const Size = z.union([
  z.enum(names).transform((name) => sizeNames[name]),
  z
    .string()
    .regex(/^[1-9]\d{0,8}$/, `Must be ${names.join(', ')}, or a number of px`)
    .transform((px) => sizes.find((size) => size >= Number(px)) ?? sizes.at(-1)!),
]);

export const HashParam = z.strictObject({ hash: Hash });
/** The second part is a hash by its length. */
export const HashAndOneParam = z.strictObject({
  hash: Hash,
  sizeOrBackup: z.union([Hash, Size], { error: `Must be ${names.join(', ')}, a number of px, or another hash` }),
});
export const HashAndTwoParam = z.strictObject({ hash: Hash, backup: Hash, size: Size });

export const AvatarQuery = z.strictObject({
  format: z
    .enum(['webp', 'gif', 'png', 'jpeg'])
    .optional()
    .meta({ description: 'This format, if the avatar has it (GIF: only one that moves); else `Accept` decides' }),
  v: z.string().max(16).optional().meta({
    description: 'The version, as in `href` of the upload: caches keep such an answer for a year',
  }),
});
export type AvatarQuery = z.infer<typeof AvatarQuery>;

export const AvatarAnswer = z
  .object({
    hash: z.string(),
    type: z.enum(avatarTypes).meta({ description: 'What was uploaded' }),
    sizes: z.array(z.enum(names)).meta({ description: 'A picture is never enlarged: a small one has fewer' }),
    href: z.string().meta({ description: 'Its address with its version, which caches may keep' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Avatar' });
export type AvatarAnswer = z.infer<typeof AvatarAnswer>;

const Link = z.object({ method: z.enum(['HEAD', 'GET', 'POST', 'DELETE']), href: z.string() });
export const AvatarsDescription = z
  .object({
    links: z.object({ exists: Link, read: Link, write: Link, delete: Link }),
    parameters: z.object({
      hash: z.string(),
      backup: z.string(),
      size: z.object({
        default: z.enum(names),
        names: z.object({ small: z.int(), medium: z.int(), large: z.int(), original: z.int() }),
      }),
    }),
  })
  .meta({ id: 'AvatarsDescription' });

export const description: z.infer<typeof AvatarsDescription> = {
  links: {
    exists: { method: 'HEAD', href: '/avatars/{hash}' },
    read: { method: 'GET', href: '/avatars/{hash}/{backup}/{size}' },
    write: { method: 'POST', href: '/avatars/{hash}' },
    delete: { method: 'DELETE', href: '/avatars/{hash}' },
  },
  parameters: {
    hash: '40 hexadecimal digits: the SHA-1 of whatever names your users, such as an e-mail address in lower case',
    backup: 'Optional: another hash, for when the first has no avatar',
    size: { default: 'medium', names: sizeNames },
  },
};
