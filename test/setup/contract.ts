import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Answer, Json } from './client.js';

interface Operation {
  /** `GET /api/medias/{url}` */
  name: string;
  method: string;
  path: RegExp;
  /** Number of literal segments, for precedence: `/users/me/export` before `/users/{username}`. */
  literals: number;
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const toPattern = (path: string) =>
  new RegExp(
    `^${path
      .split(/\{\w+\}/)
      .map(escape)
      .join('[^/]+')}/?$`,
    'i',
  );

/** Headers that a status requires (RFC 9110, 15.5.2, 15.5.6; RFC 6585, 4). */
const toldWith: Record<number, string> = {
  401: 'www-authenticate',
  405: 'allow',
  429: 'retry-after',
  503: 'retry-after',
};

/** Validates answers against the published document. */
export class Contract {
  private readonly ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }));
  private readonly validators = new Map<object, ValidateFunction>();
  private readonly operations: Operation[];

  constructor(document: Json) {
    this.ajv.addSchema({ $id: 'document', components: document.components });
    this.operations = Object.entries<Json>(document.paths)
      .flatMap(([path, item]) =>
        Object.entries<Json>(item).map(([method, { responses }]) => ({
          name: `${method.toUpperCase()} ${path}`,
          method: method.toUpperCase(),
          path: toPattern(path),
          literals: path.replace(/\{\w+\}/g, '').length,
          responses,
        })),
      )
      .toSorted((a, b) => b.literals - a.literals);
  }

  /** @returns what is wrong with the answer; null if nothing, or for an undocumented address */
  fault(method: string, url: string, { status, headers, body }: Answer): string | null {
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    const told = toldWith[status];
    if (told && !headers.has(told)) return `${method} ${url} was answered ${status} without ${told}`;
    const operation = this.operationOf(method, url);
    if (!operation) return status >= 400 && type === problem ? this.mismatch(problemSchema, body) : null;
    const declared = operation.responses[status];
    const where = `${operation.name} ${status}`;
    if (!declared) return `${where} is not declared: ${JSON.stringify(body).slice(0, 300)}`;
    if (method === 'HEAD' || status === 304 || status === 204) return null;
    const content = declared.content ?? {};
    if (body === '' && !type) return Object.keys(content).length ? `${where} has no body` : null;
    const range = Object.keys(content).find(
      (one) => one === type || (one.endsWith('/*') && type.startsWith(one.slice(0, -1))),
    );
    if (!range) return `${where} is ${type}, declared are ${Object.keys(content).join(', ') || 'none'}`;
    if (!/[/+]json$/.test(type) || status === 206) return null;
    const mismatch = this.mismatch(content[range]!.schema, body) ?? unsaidExpiry(body);
    return mismatch && `${where}: ${mismatch}`;
  }

  private operationOf(method: string, url: string): Operation | undefined {
    const path = new URL(url).pathname;
    const verb = method === 'HEAD' && !this.find('HEAD', path) ? 'GET' : method;
    return this.find(verb, path);
  }

  private find(method: string, path: string): Operation | undefined {
    return this.operations.find((one) => one.method === method && one.path.test(path));
  }

  private mismatch(schema: object, body: Json): string | null {
    let validate = this.validators.get(schema);
    if (!validate) {
      validate = this.ajv.compile(inDocument(schema));
      this.validators.set(schema, validate);
    }
    if (validate(body)) return null;
    return `${this.ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 400)}`;
  }
}

const signed = /^\/api\/.*[?&]t=([0-9a-z]+)\./;

/** Finds an object with a signed address but no `expiresAt`. */
function unsaidExpiry(node: Json): string | null {
  if (typeof node !== 'object' || node === null) return null;
  for (const value of Object.values<Json>(node)) {
    const [, expiry] = (typeof value === 'string' && signed.exec(value)) || [];
    if (expiry && Date.parse(node.expiresAt) !== Number.parseInt(expiry, 36))
      return `expiresAt is not that of ${value}`;
    const deeper = unsaidExpiry(value);
    if (deeper) return deeper;
  }
  return null;
}

const problem = 'application/problem+json';
const problemSchema = { $ref: '#/components/schemas/Problem' };

/** Rewrites references for use outside the document. */
const inDocument = (node: Json): Json => {
  if (Array.isArray(node)) return node.map(inDocument);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === '$ref' ? String(value).replace(/^#/, 'document#') : inDocument(value),
    ]),
  );
};

const contracts = new Map<string, Promise<Contract>>();

/** The contract of a running Vitrine. */
export function contractOf(origin: string): Promise<Contract> {
  let contract = contracts.get(origin);
  if (!contract) {
    contract = fetch(`${origin}/docs-json`)
      .then((answer) => answer.json())
      .then((document) => new Contract(document))
      .catch((error: unknown) => {
        // The process is gone: ask the next one again.
        contracts.delete(origin);
        throw error;
      });
    contracts.set(origin, contract);
  }
  return contract;
}
