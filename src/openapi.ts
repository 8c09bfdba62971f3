import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiModule } from './app.module.js';
import { httpAdapter, setupApp } from './app.setup.js';
import { readConfig } from './platform/config/env.js';
import { openApiDocument } from './platform/http/openapi.js';

/** Builds the application without starting it, for the document alone. */
export async function writeOpenApi(out: NodeJS.WritableStream): Promise<void> {
  const config = readConfig();
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule, httpAdapter(config), {
    logger: false,
    abortOnError: false,
  });
  await setupApp(app, config);
  out.write(`${JSON.stringify(openApiDocument(app), null, 2)}\n`);
  await app.close();
}
