import { Module } from '@nestjs/common';
import { LimitsService } from './limits.service.js';
import { QuotaService } from './quota.service.js';

@Module({ providers: [QuotaService, LimitsService], exports: [QuotaService, LimitsService] })
export class QuotaModule {}
