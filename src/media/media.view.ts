import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { failures } from '../processing/run/failure.js';
import { ownerView, type OwnerRow } from '../users/users.schemas.js';
import { FileViews, type FileRow } from './file-views.service.js';
import type { MediaView } from './media.schemas.js';
import type { ViewerId } from '../visibility/relations.js';

export type MediaRow = Omit<MediaView, 'files' | 'failure' | 'owner' | 'viewer' | 'createdAt' | 'updatedAt'> &
  OwnerRow & {
    viewer: MediaView['viewer'] | null;
    id: string;
    open: boolean;
    files: FileRow[];
    createdAt: string | Date;
    updatedAt: string | Date;
  };

/** Turns rows into what clients see. */
@Injectable()
export class MediaViews {
  constructor(private readonly files: FileViews) {}

  of(row: MediaRow, viewer: ViewerId): MediaView {
    const { open, files } = row;
    const failed = files.find((file) => file.failureCode !== null)?.failureCode;
    return {
      url: row.url,
      type: row.type,
      title: row.title,
      description: row.description,
      visibility: row.visibility,
      status: row.status,
      ...(failed && { failure: { code: failed, message: failures[failed].sentence } }),
      owner: ownerView(row),
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
