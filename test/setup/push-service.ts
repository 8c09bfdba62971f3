import { createECDH, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { decrypt } from 'http_ece';
import { generate } from 'selfsigned';
import type { Json } from './client.js';

interface Taken {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  payload: Json;
}

/** A push service over TLS on loopback, and the browsers that it pushes to. */
export class PushServiceDouble {
  readonly taken: Taken[] = [];
  /** What it answers. */
  status = 201;
  private readonly browser = createECDH('prime256v1');
  private readonly auth = randomBytes(16);

  private constructor(
    private readonly server: Server,
    /** For NODE_EXTRA_CA_CERTS. */
    readonly certificate: string,
  ) {
    this.browser.generateKeys();
  }

  static async start(dir: string): Promise<PushServiceDouble> {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
      ],
    });
    const file = join(dir, 'push-ca.pem');
    await writeFile(file, cert);
    const server = createServer({ key, cert });
    const double = new PushServiceDouble(server, file);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        double.taken.push({ path: request.url!, headers: request.headers, payload: double.read(body) });
        response.writeHead(double.status).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return double;
  }

  get host(): string {
    return `localhost:${(this.server.address() as AddressInfo).port}`;
  }

  subscription(name: string) {
    return {
      endpoint: `https://${this.host}/${name}`,
      keys: { p256dh: this.browser.getPublicKey('base64url'), auth: this.auth.toString('base64url') },
    };
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private read(body: Buffer): Json {
    const keys = { version: 'aes128gcm', privateKey: this.browser, authSecret: this.auth.toString('base64url') };
    return JSON.parse(decrypt(body, keys).toString());
  }
}
