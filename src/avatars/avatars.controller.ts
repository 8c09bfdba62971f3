import '@fastify/multipart';
import { Controller, Delete, Get, Head, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { z } from 'zod';
import { Public } from '../platform/http/access.js';
import { Problem } from '../platform/http/problems.js';
import { inBytes } from '../platform/http/in-bytes.js';
import { firstFile } from '../platform/http/first-file.js';
import { binary, Documented } from '../platform/http/route.js';
import { AvatarReader } from './avatar-reader.service.js';
import { WithAvatarToken } from './avatar-token.js';
import {
  AvatarAnswer,
  AvatarQuery,
  AvatarsDescription,
  description,
  HashAndOneParam,
  HashAndTwoParam,
  HashParam,
  sizeNames,
} from './avatars.schemas.js';
import { AvatarsService, avatarTitles, maxAvatarBytes, tooLarge } from './avatars.service.js';
import { DocumentedExistence, DocumentedPicture } from './documented.js';

type ByHash = z.infer<typeof HashParam>;
type ByHashAndOne = z.infer<typeof HashAndOneParam>;
type ByHashAndTwo = z.infer<typeof HashAndTwoParam>;

/** Short public addresses, beside the API and its accounts. HEAD stands before GET, which would answer it otherwise. */
@ApiTags('avatars')
@Controller('avatars')
export class AvatarsController {
  constructor(
    private readonly avatars: AvatarsService,
    private readonly reader: AvatarReader,
  ) {}

  @Get()
  @Public()
  @Documented({
    summary: 'What can be done here',
    answers: { 200: { schema: AvatarsDescription, description: 'Addresses and parameters' } },
  })
  describe() {
    return description;
  }

  @Head(':hash')
  @HttpCode(204)
  @Public()
  @DocumentedExistence('hash')
  has(@Param({ schema: HashParam }) { hash }: ByHash) {
    return this.mustExist(hash, null);
  }

  @Head(':hash/:sizeOrBackup')
  @HttpCode(204)
  @Public()
  @DocumentedExistence('hash', 'sizeOrBackup')
  hasOne(@Param({ schema: HashAndOneParam }) { hash, sizeOrBackup }: ByHashAndOne) {
    return this.mustExist(hash, typeof sizeOrBackup === 'string' ? sizeOrBackup : null);
  }

  @Head(':hash/:backup/:size')
  @HttpCode(204)
  @Public()
  @DocumentedExistence('hash', 'backup', 'size')
  hasTwo(@Param({ schema: HashAndTwoParam }) { hash, backup }: ByHashAndTwo) {
    return this.mustExist(hash, backup);
  }

  @Get(':hash')
  @Public()
  @DocumentedPicture('hash')
  read(
    @Req() request: FastifyRequest,
    @Param({ schema: HashParam }) { hash }: ByHash,
    @Query({ schema: AvatarQuery }) query: AvatarQuery,
    @Res() reply: FastifyReply,
  ) {
    return this.send(request, reply, { hash, backup: null, size: sizeNames.medium, query });
  }

  @Get(':hash/:sizeOrBackup')
  @Public()
  @DocumentedPicture('hash', 'sizeOrBackup')
  readOne(
    @Req() request: FastifyRequest,
    @Param({ schema: HashAndOneParam }) { hash, sizeOrBackup }: ByHashAndOne,
    @Query({ schema: AvatarQuery }) query: AvatarQuery,
    @Res() reply: FastifyReply,
  ) {
    const more =
      typeof sizeOrBackup === 'string'
        ? { backup: sizeOrBackup, size: sizeNames.medium }
        : { backup: null, size: sizeOrBackup };
    return this.send(request, reply, { hash, query, ...more });
  }

  @Get(':hash/:backup/:size')
  @Public()
  @DocumentedPicture('hash', 'backup', 'size')
  readTwo(
    @Req() request: FastifyRequest,
    @Param({ schema: HashAndTwoParam }) { hash, backup, size }: ByHashAndTwo,
    @Query({ schema: AvatarQuery }) query: AvatarQuery,
    @Res() reply: FastifyReply,
  ) {
    return this.send(request, reply, { hash, backup, size, query });
  }

  @Post(':hash')
  @WithAvatarToken()
  @ApiConsumes('multipart/form-data', 'image/*', 'application/octet-stream')
  @ApiBody({
    schema: {
      type: 'object',
      required: ['avatar'],
      properties: { avatar: { ...binary, description: `${avatarTitles}, at most ${inBytes(maxAvatarBytes)}` } },
    },
  })
  @Documented({
    summary: 'Upload the avatar of a hash',
    description:
      `${avatarTitles}, in the form field \`avatar\` or as the body itself. All sizes are made before the answer; the new ` +
      'picture is shown at once everywhere, and nothing changes if it is refused. The token is a JWT with the claims `hash` ' +
      'and `exp`, signed with HMAC and `AVATAR_JWT_SECRET`.',
    params: { hash: 'The hash that the token is for' },
    answers: {
      201: { schema: AvatarAnswer, description: 'The first one of this hash' },
      200: { schema: AvatarAnswer, description: 'Replaced' },
    },
    problems: ['file_missing', 'content_refused'],
  })
  async put(
    @Req() request: FastifyRequest,
    @Param({ schema: HashParam }) { hash }: ByHash,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { avatar, isNew } = await this.avatars.put(
      hash,
      await pictureOf(request),
      () => request.raw.socket.destroyed,
    );
    reply.status(isNew ? 201 : 200);
    return avatar;
  }

  @Delete(':hash')
  @HttpCode(204)
  @WithAvatarToken()
  @Documented({
    summary: 'Delete the avatar of a hash',
    params: { hash: 'The hash that the token is for' },
    answers: { 204: null },
    problems: ['avatar_not_found'],
  })
  async delete(@Param({ schema: HashParam }) { hash }: ByHash) {
    if (!(await this.avatars.delete(hash))) throw new Problem('avatar_not_found');
  }

  private send(
    { headers, method, ip }: FastifyRequest,
    reply: FastifyReply,
    what: { hash: string; backup: string | null; size: number; query: AvatarQuery },
  ) {
    return this.reader.send(reply, { ...what, headers, method, ip });
  }

  private async mustExist(hash: string, backup: string | null): Promise<void> {
    if (!(await this.reader.exists(hash, backup))) throw new Problem('avatar_not_found');
  }
}

/** What a form has beside its file. */
const maxFormBytes = 10_000;

/** The form field, or the whole body; not read yet. */
async function pictureOf(request: FastifyRequest): Promise<Readable> {
  const length = Number(request.headers['content-length']);
  if (length > maxAvatarBytes + maxFormBytes) throw tooLarge(length);
  if (!request.isMultipart()) {
    if (request.body instanceof Readable) return request.body;
    const how = 'Send the picture as the body, with its type, or in the form field `avatar`.';
    throw new Problem(request.body === undefined ? 'file_missing' : 'unsupported_media_type', how);
  }
  const part = await firstFile(request);
  if (part?.fieldname !== 'avatar') throw new Problem('file_missing', 'Send one part named `avatar`, with a filename.');
  return part.file;
}
