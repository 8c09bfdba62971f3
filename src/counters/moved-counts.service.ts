import { Injectable } from '@nestjs/common';
import { Bus } from '../platform/bus/bus.js';
import { packedChunks } from '../platform/bus/packed-ids.js';

/** Time in which changes are gathered. */
const gatherMs = 250;

/**
 * Says that counters moved, or that other people may see something, to the processes whose sockets watch it. To be
 * called after the commit. It costs no job, and if it is lost, watchers are told within half a minute.
 */
@Injectable()
export class MovedCounts {
  private medias = new Set<string>();
  /** By comment, its media. */
  private comments = new Map<string, string>();
  private owners = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly bus: Bus) {}

  /** Its counters, its visibility, or the media is gone. */
  ofMedia(...ids: string[]): void {
    for (const id of ids) this.medias.add(id);
    this.publishSoon();
  }

  ofComment(mediaId: string, ...commentIds: string[]): void {
    for (const id of commentIds) this.comments.set(id, mediaId);
    this.publishSoon();
  }

  /** The state of an account, which hides or shows its medias. */
  ofOwner(userId: string): void {
    this.owners.add(userId);
    this.publishSoon();
  }

  private publishSoon(): void {
    this.timer ??= setTimeout(() => this.publish(), gatherMs).unref();
  }

  private publish(): void {
    this.timer = undefined;
    for (const medias of packedChunks([...this.medias])) this.bus.publish('dirty', { medias });
    for (const owners of packedChunks([...this.owners])) this.bus.publish('dirty', { owners });
    const pairs = [...this.comments].flatMap(([comment, media]) => [media, comment]);
    for (const comments of packedChunks(pairs)) this.bus.publish('dirty', { comments });
    [this.medias, this.owners, this.comments] = [new Set(), new Set(), new Map()];
  }
}
