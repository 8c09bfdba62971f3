import { createApi } from './app.setup.js';
import { readConfig } from './platform/config/env.js';
import { openApiDocument } from './platform/http/openapi.js';

/** Builds the application without starting it, for its document only. */
export async function writeOpenApi(out: NodeJS.WritableStream): Promise<void> {
  const { app } = await createApi(readConfig(), { logger: false });
  out.write(`${JSON.stringify(openApiDocument(app), null, 2)}\n`);
  await app.close();
}
