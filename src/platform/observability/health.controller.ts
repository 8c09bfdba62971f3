import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../http/access.js';
import { Problem } from '../http/problems.js';
import { Documented } from '../http/route.js';
import { Health } from './health.js';

const Fine = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });
type Fine = z.infer<typeof Fine>;

@ApiTags('operations')
@Controller()
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('livez')
  @Public()
  @Documented({ summary: 'Is the process alive?', answers: { 200: { schema: Fine, description: 'It is' } } })
  live(): Fine {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Public()
  @Documented({
    summary: 'Is the process ready to work?',
    answers: { 200: { schema: Fine, description: 'Database and storage are available' } },
  })
  async ready(): Promise<Fine> {
    const troubles = await this.health.troubles();
    if (troubles.length) throw new Problem('unavailable', `Not ready: ${troubles.join(', ')}.`);
    return { status: 'ok' };
  }
}
