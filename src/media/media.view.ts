import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { failures } from '../processing/failure.js';
import { photoHref } from '../users/users.schemas.js';
import { FileViews, type FileRow } from './file-views.service.js';
import type { MediaView } from './media.schemas.js';
import type { ViewerId } from '../visibility/relations.js';

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

/** Turns rows into what clients see. */
@Injectable()
export class MediaViews {
  constructor(private readonly files: FileViews) {}

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
      files: files.map((file) => this.files.of(file, open ? null : viewer)),
      tags: row.tags,
      mentions: row.mentions,
      counts: row.counts,
      ...(row.viewer && { viewer: row.viewer }),
      createdAt: isoTime(row.createdAt),
      updatedAt: isoTime(row.updatedAt),
    };
  }
}
