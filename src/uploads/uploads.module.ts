import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { ToolsModule } from '../files/tools.service.js';
import { QuotaModule } from '../quota/quota.module.js';
import { FinishService } from './finish.service.js';
import { Leases } from './leases.js';
import { SettleService } from './settle.service.js';
import { TusController } from './tus.controller.js';
import { TusService } from './tus.service.js';
import { UploadsController } from './uploads.controller.js';
import { UploadsJobs } from './uploads.jobs.js';
import { UploadsService } from './uploads.service.js';

@Module({
  imports: [FilesModule, ToolsModule, QuotaModule],
  controllers: [UploadsController, TusController],
  providers: [UploadsService, SettleService, FinishService, TusService, Leases],
})
export class UploadsModule {}

/** In workers: ends abandoned uploads. */
@Module({
  imports: [FilesModule, ToolsModule],
  providers: [UploadsJobs, SettleService, FinishService, Leases],
})
export class UploadsWorkerModule {}
