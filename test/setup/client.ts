import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect } from 'vitest';
import { contractOf } from './contract.js';
import { until } from './until.js';

/** JSON of any shape: each test asserts what it expects. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
  bytes: Buffer;
}

type Kind = 'photo' | 'video' | 'music';

/** An HTTP client, signed in or anonymous. */
export class Client {
  constructor(
    readonly origin: string,
    readonly credentials: Record<string, string> = {},
  ) {}

  get(path: string, headers: Record<string, string> = {}) {
    return this.send('GET', path, undefined, headers);
  }
  post(path: string, body?: object, headers: Record<string, string> = {}) {
    return this.send('POST', path, body, headers);
  }
  put(path: string, body?: object) {
    return this.send('PUT', path, body);
  }
  delete(path: string) {
    return this.send('DELETE', path);
  }

  /** The items of each page of a list. Pages are short, so that cursors matter. */
  async *pages(path: string, limit = 7): AsyncGenerator<Json[]> {
    for (let cursor: string | null = ''; cursor !== null;) {
      const more: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
      const { body }: Answer = await this.get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${more}`).expect(
        200,
      );
      if (body.items.length > limit) throw new Error(`${body.items.length} items in a page of ${limit}`);
      yield body.items as Json[];
      cursor = body.nextCursor;
    }
  }

  /** The items of all pages of a list. */
  async all(path: string, limit?: number): Promise<Json[]> {
    const items: Json[] = [];
    for await (const page of this.pages(path, limit)) items.push(...page);
    return items;
  }

  send(method: string, path: string, body?: object | Buffer, headers: Record<string, string> = {}) {
    const json = body !== undefined && !Buffer.isBuffer(body) && !(body instanceof FormData);
    return expectable(
      fetch(this.origin + path, {
        method,
        redirect: 'manual',
        headers: { ...this.credentials, ...(json && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: json ? JSON.stringify(body) : (body as BodyInit) }),
      })
        .then(read)
        .then((answer) => this.asDeclared(method, path, answer)),
    );
  }

  /** Validates every answer of every test against the OpenAPI document. */
  private async asDeclared(method: string, path: string, answer: Answer): Promise<Answer> {
    const contract = await contractOf(this.origin);
    const fault = contract.fault(method, this.origin + path, answer);
    if (fault) throw new Error(`Not as declared: ${fault}`);
    return answer;
  }

  upload(kind: Kind, bytes: Buffer, filename = 'file') {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(bytes)]), filename);
    return this.send('POST', `/api/${kind}s/upload`, form);
  }

  async uploadFile(kind: Kind, path: string) {
    return this.upload(kind, await readFile(path), basename(path));
  }

  /** Waits until processing has succeeded or failed. */
  settled(url: string, limitMs = 150_000): Promise<Json> {
    return until(
      async () => {
        const { body } = await this.get(`/api/files/${url}`).expect(200);
        return body.status !== 'processing' && body;
      },
      `${url} to be processed`,
      limitMs,
      150,
    );
  }

  /**
   * Uploads, waits until ready, publishes.
   * @returns the media
   */
  async publish(kind: Kind, bytes: Buffer, more: object = {}): Promise<Json> {
    const { body: file } = await this.upload(kind, bytes).expect(202);
    const settled = await this.settled(file.url);
    expect(settled).toMatchObject({ status: 'ready' });
    const { body } = await this.post('/api/medias', { type: kind, files: [file.url], ...more }).expect(201);
    return body;
  }
}

async function read(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get('content-type') ?? '';
  const body: Json =
    /[/+]json/.test(type) && bytes.length && response.status !== 206 ? JSON.parse(bytes.toString()) : bytes.toString();
  return { status: response.status, headers: response.headers, body, bytes };
}

/** An answer to await, or to check by status (and problem code) first. */
function expectable(answer: Promise<Answer>) {
  return Object.assign(answer, {
    async expect(status: number, code?: string): Promise<Answer> {
      const got = await answer;
      expect({ status: got.status, body: got.body }, 'the answer').toMatchObject({
        status,
        ...(code && { body: { code } }),
      });
      return got;
    },
  });
}
