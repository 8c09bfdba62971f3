import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { apiInProcess } from '../test/setup/in-process.js';
import type { System } from './system.js';

/** A second instance of the API in this process, where its statements can be observed, closed after `work`. */
export async function inProcess<T>(system: System, work: (app: NestFastifyApplication) => Promise<T>): Promise<T> {
  const app = await apiInProcess(system);
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
