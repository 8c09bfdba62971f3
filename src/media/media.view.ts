import { Injectable } from '@nestjs/common';
import type { FileKind } from '../files/file.entity.js';
import { fileHref } from '../files/signed-hrefs.service.js';
import type { RenditionRole } from '../files/rendition.entity.js';
import { SignedHrefs } from '../files/signed-hrefs.service.js';
import { failures, type FailureCode } from '../processing/failure.js';
import { photoHref } from '../users/users.schemas.js';
import type { MediaView } from './media.schemas.js';
import type { ViewerId } from './visibility.js';

interface RenditionRow {
  /** Another one for each making. */
  version: string;
  role: RenditionRole;
  name: string;
  mimeType: string;
  width: number | null;
  height: number | null;
  bitrate: number | null;
  bytes: number;
  /** Of subtitles. */
  label: string | null;
}
type FileRow = Omit<
  MediaView['files'][number],
  'renditions' | 'hls' | 'poster' | 'storyboard' | 'waveform' | 'cover' | 'subtitles'
> & {
  failureCode: FailureCode | null;
  renditions: RenditionRow[];
};
export type MediaRow = Omit<MediaView, 'files' | 'failure' | 'owner' | 'viewer' | 'createdAt' | 'updatedAt'> & {
  viewer: MediaView['viewer'] | null;
  id: string;
  open: boolean;
  username: string;
  displayName: string;
  profilePhotoId: string | null;
  files: FileRow[];
  createdAt: string | Date;
  updatedAt: string | Date;
};

const extensions: Record<string, string> = { 'image/webp': 'webp', 'image/jpeg': 'jpeg', 'image/avif': 'avif' };

type ShownRole = Exclude<RenditionRole, 'picture' | 'square'>;

/** Where each rendition is served, below its file's address. */
const paths: Record<ShownRole, (rendition: Pick<RenditionRow, 'name' | 'mimeType'>) => string> = {
  image: ({ name, mimeType }) =>
    name === 'original' ? '?size=original' : `?size=${name}&format=${extensions[mimeType]}`,
  animation: ({ mimeType }) => (mimeType === 'video/mp4' ? '/loop.mp4' : '/animated.webp'),
  rung: ({ name }) => `/${name}.mp4`,
  poster: ({ name, mimeType }) => `/poster?size=${name}&format=${extensions[mimeType]}`,
  subtitles: ({ name }) => `/subtitles/${name}.vtt`,
  storyboard: ({ name }) => `/storyboard/${name}.jpg`,
  cover: ({ name, mimeType }) => `/cover?size=${name}&format=${extensions[mimeType]}`,
  audio: ({ name }) => `/${name}.mp4`,
  download: () => '/audio.m4a',
  waveform: () => '/waveform.json',
};

/** Listed in fields of their own. */
const ofTheirOwn = new Set<RenditionRole>(['subtitles', 'storyboard']);

/** What the owner chose stands where ours would; squares belong to a profile. */
function shown(kind: string, renditions: RenditionRow[]): (RenditionRow & { role: ShownRole })[] {
  const replaced = kind === 'music' ? 'cover' : 'poster';
  const isChosen = renditions.some(({ role }) => role === 'picture');
  return renditions.flatMap(({ role, ...rendition }) => {
    if (role === 'square' || (isChosen && role === replaced)) return [];
    return [{ ...rendition, role: role === 'picture' ? replaced : role }];
  });
}

/** Turns rows into what clients see; private bytes get signed addresses of the viewer's own. */
@Injectable()
export class MediaViews {
  constructor(private readonly signed: SignedHrefs) {}

  of(row: MediaRow, viewer: ViewerId): MediaView {
    const { open, username, displayName, profilePhotoId, files } = row;
    const failed = files.find((file) => file.failureCode !== null)?.failureCode;
    return {
      url: row.url,
      type: row.type,
      title: row.title,
      description: row.description,
      visibility: row.visibility,
      status: row.status,
      ...(failed && { failure: { code: failed, message: failures[failed].sentence } }),
      owner: { username, displayName, avatarUrl: photoHref(username, 'profile', profilePhotoId) },
      files: files.map((file) => this.file(file, open ? null : viewer)),
      tags: row.tags,
      mentions: row.mentions,
      counts: row.counts,
      ...(row.viewer && { viewer: row.viewer }),
      createdAt: new Date(row.createdAt).toISOString(),
      updatedAt: new Date(row.updatedAt).toISOString(),
    };
  }

  /** @param signFor whose token the addresses carry; null for bytes that are open anyway */
  private file({ failureCode: _, renditions: all, ...file }: FileRow, signFor: ViewerId): MediaView['files'][number] {
    const renditions = shown(file.kind, all);
    const t = signFor && this.signed.token(file.url, signFor);
    const href = (path: string, v?: string) => fileHref(file.kind as FileKind, file.url, path, { v, t });
    const has = (role: RenditionRole) => renditions.some((rendition) => rendition.role === role);
    return {
      ...file,
      renditions: renditions
        .filter(({ role }) => !ofTheirOwn.has(role))
        .map(({ role, version, label: _, ...rendition }) => ({
          ...rendition,
          href: href(paths[role](rendition), version),
        })),
      subtitles: renditions
        .filter(({ role }) => role === 'subtitles')
        .map(({ role, name, label, version, mimeType }) => ({
          language: name,
          label: label ?? name,
          href: href(paths[role]({ name, mimeType }), version),
        })),
      ...((has('rung') || has('audio')) && { hls: href('') }),
      ...(has('poster') && { poster: href('/poster') }),
      ...(has('storyboard') && { storyboard: href('/storyboard.vtt') }),
      ...(has('waveform') && { waveform: href('/waveform.json') }),
      ...(has('cover') && { cover: href('/cover') }),
    };
  }
}
