import { EntityManager } from '@mikro-orm/postgresql';
import { Inject, Injectable } from '@nestjs/common';
import { Server } from '@tus/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AsyncLocalStorage } from 'node:async_hooks';
import { NodeRequest, sendNodeResponse } from 'srvx/node';
import type { Viewer } from '../platform/http/viewer.js';
import { fileKinds, type FileKind } from '../files/file.entity.js';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { IdempotencyKeys, idempotencyKeyOf } from '../platform/http/idempotency-keys.service.js';
import { Problem } from '../platform/http/problems.js';
import { announcedChecksum, checksumAlgorithms, parseChecksum } from './checksum.js';
import { cleanFilename } from './filename.js';
import { FinishService } from './finish.service.js';
import { Leases } from './leases.js';
import { asProblem, tusProblem } from './tus-problem.js';
import { UploadsService } from './uploads.service.js';

/** What the library says of its own accord, and what is said for all routes alike (platform/http). */
const saidForAll = /^(access-control-.*|cache-control)$/i;

const uploadsPath = '/api/uploads';
const version = '1.0.0';

/** What a request on its way through the library is about. */
interface Asking {
  viewer: Viewer;
  /** Of a creation that can be repeated. */
  idempotencyKey: string | null;
  /** The upload that the same key has created before. */
  createdBefore?: string;
  /** Headers of the refusal, which the library drops: `retry-after`. */
  refusedWith?: Record<string, string> | undefined;
}

/** Resumable uploads (tus 1.0): creation, creation-with-upload, checksum, expiration, termination. */
@Injectable()
export class TusService {
  private readonly server: Server;
  private readonly asking = new AsyncLocalStorage<Asking>();

  constructor(
    private readonly uploads: UploadsService,
    private readonly finishing: FinishService,
    private readonly em: EntityManager,
    private readonly keys: IdempotencyKeys,
    leases: Leases,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.server = new Server({
      path: uploadsPath,
      relativeLocation: true,
      datastore: finishing.store,
      locker: leases,
      disableTerminationForFinishedUploads: true,
      namingFunction: ({ headers }, metadata) =>
        this.createOnce(`${headers.get('upload-length')}\n${headers.get('upload-metadata')}`, () =>
          this.create(headers.get('upload-length'), metadata ?? {}),
        ),
      onIncomingRequest: (request, id) => this.admit(request.method, id),
      onUploadFinish: async (_request, { id }) => ({ headers: { 'Vitrine-File': await this.finished(id) } }),
      onResponseError: (_request, error) => {
        const problem = tusProblem(error);
        const asking = this.asking.getStore();
        if (asking) asking.refusedWith = problem.extras.headers;
        return { status_code: problem.getStatus(), body: JSON.stringify(problem.toDocument()) };
      },
    });
  }

  /** Hands the connection over; the guards have let the viewer in. */
  async handle(request: FastifyRequest, reply: FastifyReply, viewer?: Viewer): Promise<void> {
    if (request.method !== 'OPTIONS') refuseOtherVersions(request);
    const checksum = parseChecksum(header(request, 'upload-checksum'));
    if (request.method === 'OPTIONS') reply.raw.setHeader('Tus-Checksum-Algorithm', checksumAlgorithms.join(','));
    if (request.method === 'HEAD' && viewer) await this.tellFile(request, reply, viewer);
    const idempotencyKey = idempotencyKeyOf(request.headers['idempotency-key']);
    // What hooks and guards have said so far would be forgotten.
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.hijack();
    const asking = viewer && { viewer, idempotencyKey };
    const serve = () => this.serve(request, reply, asking);
    await announcedChecksum.run(checksum, () => (asking ? this.asking.run(asking, serve) : serve()));
  }

  private async serve(request: FastifyRequest, reply: FastifyReply, asking?: Asking): Promise<void> {
    let response = await this.server.handleWeb(new NodeRequest({ req: request.raw, res: reply.raw }));
    if (asking?.createdBefore) response = await this.replay(asking.createdBefore);
    if (response.status >= 400) response = await asProblem(response, request.id, asking?.refusedWith);
    // The type of an empty text.
    else response.headers.delete('content-type');
    for (const name of [...response.headers.keys()]) if (saidForAll.test(name)) response.headers.delete(name);
    await sendNodeResponse(reply.raw, response);
  }

  /** What the creation answered, and where the upload stands by now: the bytes that came with the repeat are not read. */
  private async replay(id: string): Promise<Response> {
    try {
      const offset = await this.offsetOf(id);
      const headers = {
        location: `${uploadsPath}/${id}`,
        'upload-offset': String(offset),
        'idempotent-replayed': 'true',
      };
      return new Response(null, { status: 201, headers: { ...headers, 'tus-resumable': version } });
    } catch (error) {
      const problem = tusProblem(error);
      return new Response(JSON.stringify(problem.toDocument()), { status: problem.getStatus() });
    }
  }

  /** Bytes that are here. None yet where the creation has its row already, and makes the file only now. */
  private async offsetOf(id: string): Promise<number> {
    try {
      return (await this.finishing.store.getUpload(id)).offset ?? 0;
    } catch (error) {
      const isGone = (error as { status_code?: number }).status_code === 410;
      if (isGone && (await this.finishing.records.find(id))?.state === 'open') return 0;
      throw error;
    }
  }

  /** @param request what has to be the same under the same key */
  private createOnce(request: string, create: () => Promise<string>): Promise<string> {
    const asking = this.asking.getStore();
    if (!asking?.idempotencyKey) return create();
    const named = this.keys.named(asking.viewer.id, asking.idempotencyKey, `tus\n${request}`);
    return this.em.transactional(async () => {
      const claim = await this.keys.claim(named);
      if (!claim.claimed) {
        asking.createdBefore = String(claim.answer);
        throw new Error('Created before');
      }
      const id = await create();
      await this.keys.keep(named, 201, id);
      return id;
    });
  }

  private async create(length: string | null, metadata: Record<string, string | null>): Promise<string> {
    const kind = metadata.kind as FileKind;
    if (!fileKinds.includes(kind)) {
      throw new Problem('validation_failed', {
        errors: [{ pointer: '/Upload-Metadata/kind', message: `one of ${fileKinds.join(', ')}` }],
      });
    }
    const wanted = Number(length);
    if (length === null || !Number.isInteger(wanted))
      throw new Problem('malformed_request', 'Upload-Length is missing.');
    if (wanted === 0) throw new Problem('content_refused', { detail: 'The file is empty.', reason: 'empty_file' });
    const { id } = await this.uploads.open(this.viewer().id, {
      kind,
      filename: cleanFilename(metadata.filename),
      wanted,
      resumable: true,
      expiresInMs: this.config.uploadExpiryMs,
    });
    return id;
  }

  /** Somebody else's upload does not exist. */
  private async admit(method: string, id: string): Promise<void> {
    if (method === 'OPTIONS') return;
    const record = await this.finishing.records.find(id);
    if (record?.ownerId !== this.viewer().id) throw new Problem('upload_not_found');
  }

  private async finished(id: string): Promise<string> {
    const url = await this.finishing.finish(id);
    if (!url) throw new Error(`Upload ${id} was said to be complete, but is not`);
    return url;
  }

  /** A client that lost the answer to its last PATCH asks by HEAD, and gets the file's address there. */
  private async tellFile(request: FastifyRequest, reply: FastifyReply, viewer: Viewer): Promise<void> {
    const id = request.url.split('?')[0]!.split('/').at(-1)!;
    const record = await this.finishing.records.find(id);
    if (record?.ownerId !== viewer.id) return;
    const url = await this.finishing.finish(id);
    if (url) reply.raw.setHeader('Vitrine-File', url);
  }

  private viewer(): Viewer {
    const asking = this.asking.getStore();
    if (!asking) throw new Problem('not_signed_in');
    return asking.viewer;
  }
}

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** The library takes an unknown version for a header that it can't read. */
function refuseOtherVersions(request: FastifyRequest): void {
  if (header(request, 'tus-resumable') === version) return;
  throw new Problem('precondition_failed', {
    detail: `Send \`Tus-Resumable: ${version}\`, the version that is spoken here.`,
    headers: { 'tus-version': version, 'tus-resumable': version },
  });
}
