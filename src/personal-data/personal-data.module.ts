import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { FilesModule } from '../files/files.module.js';
import { MailModule } from '../platform/mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { ArchiveLeases } from './archive-leases.service.js';
import { ClosingService } from './closing.service.js';
import { ErasureService } from './erasure.service.js';
import { ExportLinks } from './export-links.service.js';
import { ExportsService } from './exports.service.js';
import { PersonalDataController } from './personal-data.controller.js';
import { PersonalDataJobs } from './personal-data.jobs.js';

@Module({
  imports: [AuthModule, UsersModule],
  controllers: [PersonalDataController],
  providers: [ClosingService, ExportsService, ArchiveLeases],
})
export class PersonalDataModule {}

@Module({
  imports: [MailModule, FilesModule],
  providers: [PersonalDataJobs, ErasureService, ExportLinks],
})
export class PersonalDataWorkerModule {}
