import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { MediaAnswer, MediaParam } from '../media/media.schemas.js';
import { OnCommand, type Caller } from '../platform/realtime/on-command.js';
import { LiveMediasService } from './live-medias.service.js';

type Address = z.infer<typeof MediaParam>;

/** A page that shows a media shows its counters as they move. */
@Injectable()
export class LiveMediasCommands {
  constructor(private readonly medias: LiveMediasService) {}

  @OnCommand('media.watch', MediaParam, MediaAnswer.shape.counts)
  watch(caller: Caller, { url }: Address): Promise<MediaAnswer['counts']> {
    return this.medias.watch(caller, url);
  }

  @OnCommand('media.unwatch', MediaParam, z.null())
  async unwatch(caller: Caller, { url }: Address): Promise<null> {
    this.medias.unwatch(caller, url);
    return null;
  }
}
