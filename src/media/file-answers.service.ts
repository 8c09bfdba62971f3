import { Injectable } from '@nestjs/common';
import { sql } from '../platform/database/sql.js';
import type { FileKind } from '../files/file.entity.js';
import type { RenditionRole } from '../files/rendition.entity.js';
import { fileHref, SignedHrefs } from '../files/signed-hrefs.service.js';
import type { FailureCode } from '../processing/run/failure.js';
import type { MediaAnswer } from './media.schemas.js';
import type { ViewerId } from '../visibility/relations.js';

type FileAnswer = MediaAnswer['files'][number];

interface RenditionRow {
  /** Differs for each version of the bytes. */
  version: string;
  role: RenditionRole;
  name: string;
  mimeType: string;
  width: number | null;
  height: number | null;
  bitrate: number | null;
  bytes: number;
  /** Label of subtitles. */
  label: string | null;
}
/** The JSON of `fileJson`. */
export type FileRow = Omit<
  FileAnswer,
  'renditions' | 'hls' | 'poster' | 'storyboard' | 'waveform' | 'cover' | 'subtitles'
> & {
  failureCode: FailureCode | null;
  renditions: RenditionRow[];
};
/** Everything that is shown of a file `f`, as one JSON value. */
export const fileJson = sql`json_build_object('url', f.url, 'kind', f.kind, 'status', f.status, 'progress', f.progress,
  'width', f.width, 'height', f.height, 'durationMs', f.duration_ms, 'placeholder', coalesce(f.picture->>'placeholder', f.placeholder), 'color', coalesce(f.picture->>'color', f.color),
  'facts', f.facts - 'warnings', 'failureCode', f.failure_code,
  'renditions', (select coalesce(json_agg(json_build_object('role', r.role, 'version', right(r.id::text, 8), 'name', r.name, 'mimeType', r.mime_type, 'width', r.width,
      'height', r.height, 'bitrate', r.bitrate, 'bytes', r.bytes,
      'label', r.facts->>'label') order by r.role, r.width nulls last,
      array_position(array['thumb', 'small', 'medium', 'large', 'original'], r.name::text), r.bytes), '[]')
    from renditions r where r.file_id = f.id))`;

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

/** Roles that also have an address without `?v=`, in a field of their own. */
const byName: Partial<
  Record<RenditionRole, readonly ['hls' | 'poster' | 'storyboard' | 'waveform' | 'cover', path: string]>
> = {
  rung: ['hls', ''],
  audio: ['hls', ''],
  poster: ['poster', '/poster'],
  storyboard: ['storyboard', '/storyboard.vtt'],
  waveform: ['waveform', '/waveform.json'],
  cover: ['cover', '/cover'],
};

/** Converts a file's row to an answer, wherever it is shown; private bytes get signed addresses. */
@Injectable()
export class FileAnswers {
  constructor(private readonly signed: SignedHrefs) {}

  /**
   * On the path of every request for a media: objects are written out, because copying field by field takes V8 longer
   * than all the rest.
   * @param signFor the viewer whose token the addresses carry; null for public bytes
   */
  of(file: FileRow, signFor: ViewerId): FileAnswer {
    const { url, kind } = file;
    const signed = signFor === null ? null : this.signed.sign(url, signFor);
    const href = (path: string, v?: string) => fileHref(kind, url, path, { v, t: signed?.t });
    const view: FileAnswer = {
      url,
      kind,
      status: file.status,
      progress: file.progress,
      width: file.width,
      height: file.height,
      durationMs: file.durationMs,
      placeholder: file.placeholder,
      color: file.color,
      facts: file.facts,
      renditions: [],
      subtitles: [],
    };
    for (const [role, rendition] of shown(kind, file.renditions)) {
      const { name, mimeType, version } = rendition;
      const address = href(paths[role](rendition), version);
      const named = byName[role];
      if (named) view[named[0]] = href(named[1]);
      if (role === 'subtitles') view.subtitles.push({ language: name, label: rendition.label ?? name, href: address });
      else if (role !== 'storyboard') {
        const { width, height, bitrate, bytes } = rendition;
        const shownAs = role === 'image' ? 'size' : role;
        view.renditions.push({ role: shownAs, name, mimeType, width, height, bitrate, bytes, href: address });
      }
    }
    if (signed) for (const one of [view, ...view.renditions, ...view.subtitles]) one.expiresAt = signed.expiresAt;
    return view;
  }
}

/** A picture that the owner chose replaces ours; squares belong to a profile. */
function* shown(kind: FileKind, renditions: RenditionRow[]): Generator<[ShownRole, RenditionRow]> {
  const replaced = kind === 'music' ? 'cover' : 'poster';
  const isChosen = renditions.some(({ role }) => role === 'picture');
  for (const rendition of renditions) {
    const { role } = rendition;
    if (role === 'picture') yield [replaced, rendition];
    else if (role !== 'square' && !(isChosen && role === replaced)) yield [role, rendition];
  }
}
