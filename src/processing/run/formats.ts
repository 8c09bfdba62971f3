import type { Kind } from './limits.js';
import { transportStream } from '../video/mpeg-ts.js';

export type Format = {
  /** Our name for the container. */
  name: string;
  /** Its common name. */
  title: string;
  mimeType: string;
  extension: string;
  kinds: readonly Exclude<Kind, 'file'>[];
  /** The only demuxer ffmpeg may use for it; pictures never reach ffmpeg. */
  demuxer?: string;
  /** Its header has no duration; ffprobe estimates it. */
  guessesDuration?: true;
  /** Its header counts the samples: a file that plays less is truncated. */
  countsSamples?: true;
  /** Names in the sniffing library, or in `mpeg-ts.ts`. */
  sniffedAs: readonly string[];
  /** The format of a file of this container that contains no video. */
  audioOnly?: Pick<Format, 'name' | 'title' | 'mimeType' | 'extension'>;
};

export const formats: readonly Format[] = [
  {
    name: 'jpeg',
    title: 'JPEG',
    mimeType: 'image/jpeg',
    extension: 'jpg',
    kinds: ['photo'],
    sniffedAs: ['image/jpeg'],
  },
  {
    name: 'png',
    title: 'PNG',
    mimeType: 'image/png',
    extension: 'png',
    kinds: ['photo'],
    sniffedAs: ['image/png', 'image/apng'],
  },
  { name: 'gif', title: 'GIF', mimeType: 'image/gif', extension: 'gif', kinds: ['photo'], sniffedAs: ['image/gif'] },
  {
    name: 'webp',
    title: 'WebP',
    mimeType: 'image/webp',
    extension: 'webp',
    kinds: ['photo'],
    sniffedAs: ['image/webp'],
  },
  {
    name: 'avif',
    title: 'AVIF',
    mimeType: 'image/avif',
    extension: 'avif',
    kinds: ['photo'],
    sniffedAs: ['image/avif'],
  },
  {
    name: 'heif',
    title: 'HEIC',
    mimeType: 'image/heic',
    extension: 'heic',
    kinds: ['photo'],
    sniffedAs: ['image/heic', 'image/heif', 'image/heic-sequence', 'image/heif-sequence'],
  },
  {
    name: 'tiff',
    title: 'TIFF',
    mimeType: 'image/tiff',
    extension: 'tif',
    kinds: ['photo'],
    sniffedAs: ['image/tiff'],
  },
  {
    name: 'mp4',
    title: 'MP4',
    mimeType: 'video/mp4',
    extension: 'mp4',
    kinds: ['video', 'music'],
    demuxer: 'mov',
    sniffedAs: ['video/mp4', 'video/x-m4v'],
    audioOnly: { name: 'm4a', title: 'M4A', mimeType: 'audio/mp4', extension: 'm4a' },
  },
  {
    name: 'm4a',
    title: 'M4A',
    mimeType: 'audio/mp4',
    extension: 'm4a',
    kinds: ['music'],
    demuxer: 'mov',
    sniffedAs: ['audio/x-m4a', 'audio/mp4'],
  },
  {
    name: 'mov',
    title: 'MOV',
    mimeType: 'video/quicktime',
    extension: 'mov',
    kinds: ['video'],
    demuxer: 'mov',
    sniffedAs: ['video/quicktime'],
  },
  {
    name: '3gp',
    title: '3GP',
    mimeType: 'video/3gpp',
    extension: '3gp',
    kinds: ['video', 'music'],
    demuxer: 'mov',
    sniffedAs: ['video/3gpp', 'video/3gpp2'],
    audioOnly: { name: '3gp', title: '3GP', mimeType: 'audio/3gpp', extension: '3gp' },
  },
  {
    name: 'webm',
    title: 'WebM',
    mimeType: 'video/webm',
    extension: 'webm',
    kinds: ['video', 'music'],
    demuxer: 'matroska',
    sniffedAs: ['video/webm'],
    audioOnly: { name: 'webm', title: 'WebM', mimeType: 'audio/webm', extension: 'webm' },
  },
  {
    name: 'mkv',
    title: 'MKV',
    mimeType: 'video/matroska',
    extension: 'mkv',
    kinds: ['video'],
    demuxer: 'matroska',
    sniffedAs: ['video/matroska'],
  },
  {
    name: 'avi',
    title: 'AVI',
    mimeType: 'video/vnd.avi',
    extension: 'avi',
    kinds: ['video'],
    demuxer: 'avi',
    sniffedAs: ['video/vnd.avi'],
  },
  {
    name: 'mpeg',
    title: 'MPEG',
    mimeType: 'video/mpeg',
    extension: 'mpg',
    kinds: ['video'],
    demuxer: 'mpeg',
    guessesDuration: true,
    sniffedAs: ['video/MP1S', 'video/MP2P'],
  },
  {
    name: 'ts',
    title: 'MPEG-TS (TS, MTS, M2TS)',
    mimeType: 'video/mp2t',
    extension: 'ts',
    kinds: ['video'],
    demuxer: 'mpegts',
    guessesDuration: true,
    sniffedAs: [transportStream.mime],
  },
  {
    name: 'flv',
    title: 'FLV',
    mimeType: 'video/x-flv',
    extension: 'flv',
    kinds: ['video'],
    demuxer: 'flv',
    sniffedAs: ['video/x-flv'],
  },
  {
    // The sniffed type is that of the first stream, which says nothing about the others.
    name: 'wmv',
    title: 'WMV',
    mimeType: 'video/x-ms-wmv',
    extension: 'wmv',
    kinds: ['video', 'music'],
    demuxer: 'asf',
    sniffedAs: ['video/x-ms-asf', 'audio/x-ms-asf', 'application/vnd.ms-asf'],
    audioOnly: { name: 'wma', title: 'WMA', mimeType: 'audio/x-ms-wma', extension: 'wma' },
  },
  {
    // As with ASF; a leading Skeleton stream has its own type.
    name: 'ogv',
    title: 'OGV',
    mimeType: 'video/ogg',
    extension: 'ogv',
    kinds: ['video', 'music'],
    demuxer: 'ogg',
    sniffedAs: ['video/ogg', 'audio/ogg', 'audio/ogg; codecs=opus', 'application/ogg'],
    audioOnly: { name: 'ogg', title: 'Ogg (Vorbis, Opus)', mimeType: 'audio/ogg', extension: 'ogg' },
  },
  {
    name: 'mp3',
    title: 'MP3',
    mimeType: 'audio/mpeg',
    extension: 'mp3',
    kinds: ['music'],
    demuxer: 'mp3',
    guessesDuration: true,
    sniffedAs: ['audio/mpeg'],
  },
  {
    name: 'aac',
    title: 'AAC',
    mimeType: 'audio/aac',
    extension: 'aac',
    kinds: ['music'],
    demuxer: 'aac',
    guessesDuration: true,
    sniffedAs: ['audio/aac'],
  },
  {
    name: 'amr',
    title: 'AMR',
    mimeType: 'audio/amr',
    extension: 'amr',
    kinds: ['music'],
    demuxer: 'amr',
    guessesDuration: true,
    sniffedAs: ['audio/amr'],
  },
  {
    name: 'flac',
    title: 'FLAC',
    mimeType: 'audio/flac',
    extension: 'flac',
    kinds: ['music'],
    demuxer: 'flac',
    countsSamples: true,
    sniffedAs: ['audio/flac'],
  },
  {
    name: 'wav',
    title: 'WAV',
    mimeType: 'audio/wav',
    extension: 'wav',
    kinds: ['music'],
    demuxer: 'wav',
    sniffedAs: ['audio/wav'],
  },
  {
    name: 'aiff',
    title: 'AIFF',
    mimeType: 'audio/aiff',
    extension: 'aiff',
    kinds: ['music'],
    demuxer: 'aiff',
    countsSamples: true,
    sniffedAs: ['audio/aiff'],
  },
];

export const formatOf = (sniffed: string): Format | undefined =>
  formats.find((format) => format.sniffedAs.includes(sniffed));

export function formatNamed(name: string): Format {
  const format = formats.find((f) => f.name === name);
  if (!format) throw new TypeError(`unknown format ${name}`);
  return format;
}

const acceptedAs = (kind: Kind) =>
  formats
    .filter(({ kinds }) => kinds.some((k) => k === kind))
    .map((format) => (kind === 'music' ? (format.audioOnly ?? format) : format));

/** The MIME types accepted for a kind, for refusals. */
export const allowedTypes = (kind: Kind): string[] => [...new Set(acceptedAs(kind).map(({ mimeType }) => mimeType))];

/** The same as readable text, for the documentation. */
export function allowedTitles(kind: Exclude<Kind, 'file'>): string {
  const titles = [...new Set(acceptedAs(kind).map(({ title }) => title))];
  return `${titles.slice(0, -1).join(', ')} or ${titles.at(-1)}`;
}
