import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { amounts } from '../platform/limits/amounts.js';
import { QuotaService } from './quota.service.js';

@Injectable()
export class LimitsService {
  constructor(
    private readonly quota: QuotaService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async of(userId: string) {
    return {
      ...(await this.quota.usage(userId)),
      kinds: this.config.limits,
      amounts: Object.entries(amounts).map(([name, { max, of, what }]) => ({
        name,
        max,
        description: `${what} of ${of}`,
      })),
    };
  }
}
