import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Slug } from '../files/files.schemas.js';
import { CurrentUser, MaybeUser, OptionalUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import {
  dislike,
  like,
  LikeBody,
  ReactionBody,
  ReactorPage,
  ReactorsQuery,
  ReactionState,
} from './reactions.schemas.js';
import { ReactionsService } from './reactions.service.js';
import { targets, type TargetName } from './targets.js';

const Address = z.strictObject({ url: Slug });
type Address = z.infer<typeof Address>;

/** The same routes for everything that can be reacted to. */
function controllerOf(target: TargetName, path: string): Type {
  const { missing } = targets[target];
  const params = { url: `The \`url\` of the ${target}` };
  const problems = [missing, 'validation_failed'] as const;

  @ApiTags('reactions')
  @Controller(path)
  class ReactionsController {
    constructor(private readonly reactions: ReactionsService) {}

    @Post(':url/likes')
    @Verified('write')
    @Limited('react')
    @Documented({
      summary: `Like or dislike a ${target}`,
      description: 'A like is the reaction 👍, a dislike 👎; it replaces your earlier reaction.',
      params,
      answers: {
        201: { schema: ReactionState, description: 'Your first reaction to it' },
        200: { schema: ReactionState, description: 'Unchanged, or replaced' },
      },
      problems,
    })
    like(
      @CurrentUser() viewer: Viewer,
      @Param({ schema: Address }) { url }: Address,
      @Body({ schema: LikeBody }) { isLike }: z.infer<typeof LikeBody>,
      @Res({ passthrough: true }) reply: FastifyReply,
    ) {
      return this.set(viewer, url, isLike ? like : dislike, reply);
    }

    @Delete(':url/likes')
    @HttpCode(204)
    @Verified('write')
    @Limited('react')
    @Documented({
      summary: `Withdraw your like or dislike of a ${target}`,
      description: 'A reaction with another emoji stays.',
      params,
      answers: { 204: null },
      problems,
    })
    unlike(@CurrentUser() { id }: Viewer, @Param({ schema: Address }) { url }: Address) {
      return this.reactions.remove(id, target, url, [like, dislike]);
    }

    @Get(':url/likes')
    @OptionalUser()
    @Documented({
      summary: `List who reacted to a ${target}`,
      description: 'The newest first.',
      params,
      answers: { 200: { schema: ReactorPage, description: 'A page' } },
      problems,
    })
    list(
      @MaybeUser() viewer: Viewer | null,
      @Param({ schema: Address }) { url }: Address,
      @Query({ schema: ReactorsQuery }) query: ReactorsQuery,
    ) {
      return this.reactions.reactors(viewer?.id ?? null, target, url, query);
    }

    @Put(':url/reaction')
    @Verified('write')
    @Limited('react')
    @Documented({
      summary: `React to a ${target}`,
      description: 'With any one emoji, including flags, skin tones and combined ones. One reaction per user.',
      params,
      answers: {
        201: { schema: ReactionState, description: 'Your first reaction to it' },
        200: { schema: ReactionState, description: 'Unchanged, or replaced' },
      },
      problems,
    })
    react(
      @CurrentUser() viewer: Viewer,
      @Param({ schema: Address }) { url }: Address,
      @Body({ schema: ReactionBody }) { emoji }: z.infer<typeof ReactionBody>,
      @Res({ passthrough: true }) reply: FastifyReply,
    ) {
      return this.set(viewer, url, emoji, reply);
    }

    @Delete(':url/reaction')
    @HttpCode(204)
    @Verified('write')
    @Limited('react')
    @Documented({ summary: `Withdraw your reaction to a ${target}`, params, answers: { 204: null }, problems })
    unreact(@CurrentUser() { id }: Viewer, @Param({ schema: Address }) { url }: Address) {
      return this.reactions.remove(id, target, url);
    }

    private async set({ id }: Viewer, url: string, emoji: string, reply: FastifyReply) {
      const { isNew, state } = await this.reactions.set(id, target, url, emoji);
      reply.status(isNew ? 201 : 200);
      return state;
    }
  }
  Object.defineProperty(ReactionsController, 'name', { value: `${target}ReactionsController` });
  return ReactionsController;
}

export const MediaReactionsController = controllerOf('media', 'medias');
export const CommentReactionsController = controllerOf('comment', 'comments');
