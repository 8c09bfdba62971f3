import { Body, Controller, Delete, HttpCode, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { PhotoChoice } from '../files/files.schemas.js';
import { CurrentUser, Verified } from '../platform/http/access.js';
import { Documented } from '../platform/http/route.js';
import type { Viewer } from '../platform/http/viewer.js';
import { Limited } from '../platform/limits/limited.js';
import { Profile, UsernameParam } from '../users/users.schemas.js';
import { ProfilePhotosService } from './profile-photos.service.js';

type Address = z.infer<typeof UsernameParam>;
const params = { username: 'Your username, or `me`' };
const problems = ['user_not_found', 'not_yours', 'validation_failed'] as const;
const ofPhoto = ['file_not_found', 'file_kind_mismatch', 'file_processing', 'file_failed'] as const;

@ApiTags('users')
@Controller('users/:username')
export class ProfilePhotosController {
  constructor(private readonly photos: ProfilePhotosService) {}

  @Put('profile-photo')
  @Verified('write')
  @Limited('picture')
  @Documented({
    summary: 'Choose your profile photo',
    description:
      'One of your photos. Its squares, which are public, are made first: `avatarUrl` changes a moment later.',
    params,
    answers: { 200: { schema: Profile, description: 'The profile' } },
    problems: [...problems, ...ofPhoto],
  })
  putProfile(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Body({ schema: PhotoChoice }) { photo }: PhotoChoice,
  ) {
    return this.photos.put(viewer, username, 'profile', photo);
  }

  @Put('channel-photo')
  @Verified('write')
  @Limited('picture')
  @Documented({
    summary: 'Choose the photo of your channel',
    description:
      'One of your photos. It becomes public, in its sizes and as squares: `channelPhotoUrl` changes a moment later.',
    params,
    answers: { 200: { schema: Profile, description: 'The profile' } },
    problems: [...problems, ...ofPhoto],
  })
  putChannel(
    @CurrentUser() viewer: Viewer,
    @Param({ schema: UsernameParam }) { username }: Address,
    @Body({ schema: PhotoChoice }) { photo }: PhotoChoice,
  ) {
    return this.photos.put(viewer, username, 'channel', photo);
  }

  @Delete('profile-photo')
  @HttpCode(204)
  @Verified('write')
  @Limited('picture')
  @Documented({ summary: 'Remove your profile photo', params, answers: { 204: null }, problems })
  deleteProfile(@CurrentUser() viewer: Viewer, @Param({ schema: UsernameParam }) { username }: Address) {
    return this.photos.delete(viewer, username, 'profile');
  }

  @Delete('channel-photo')
  @HttpCode(204)
  @Verified('write')
  @Limited('picture')
  @Documented({ summary: 'Remove your channel photo', params, answers: { 204: null }, problems })
  deleteChannel(@CurrentUser() viewer: Viewer, @Param({ schema: UsernameParam }) { username }: Address) {
    return this.photos.delete(viewer, username, 'channel');
  }
}
