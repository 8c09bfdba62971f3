import { Injectable } from '@nestjs/common';
import { isoTime } from '../platform/database/iso-time.js';
import { failures } from '../processing/run/failure.js';
import { ownerAnswer, type OwnerRow } from '../users/users.schemas.js';
import { FileAnswers, type FileRow } from './file-answers.service.js';
import type { MediaAnswer } from './media.schemas.js';
import type { ViewerId } from '../visibility/relations.js';

export type MediaRow = Omit<MediaAnswer, 'files' | 'failure' | 'owner' | 'viewer' | 'createdAt' | 'updatedAt'> &
  OwnerRow & {
    viewer: MediaAnswer['viewer'] | null;
    id: string;
    open: boolean;
    files: FileRow[];
    createdAt: string | Date;
    updatedAt: string | Date;
  };

/** Converts rows to answers. */
@Injectable()
export class MediaViews {
  constructor(private readonly files: FileAnswers) {}

  of(row: MediaRow, viewer: ViewerId): MediaAnswer {
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
      owner: ownerAnswer(row),
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
