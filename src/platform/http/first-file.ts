import '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { brokenBody } from './receive.js';

/** The first file of a form. Reads only the headers of the part; its bytes stay in the socket until they are consumed. */
export async function firstFile(request: FastifyRequest) {
  const limits = { files: 1, fields: 10, parts: 20, fieldSize: 1024, fileSize: Infinity };
  try {
    return await request.file({ throwFileSizeLimit: false, limits });
  } catch (error) {
    throw typeof (error as { statusCode?: unknown }).statusCode === 'number' ? error : brokenBody(error);
  }
}
