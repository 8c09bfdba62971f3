import type { FastifyInstance } from 'fastify';
import { BlockList, isIPv6 } from 'node:net';

const privateNetworks = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const)
  privateNetworks.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  privateNetworks.addSubnet(network, bits, 'ipv6');

/**
 * Warns once when requests come through a proxy that is not trusted: all clients then share the proxy's address and its
 * rate limits.
 */
export function warnOfUnknownProxy(server: FastifyInstance, warn: (message: string) => void): void {
  let isSaid = false;
  server.addHook('onRequest', ({ headers, socket }, _reply, done) => {
    const from = socket.remoteAddress ?? '';
    if (!isSaid && headers['x-forwarded-for'] && privateNetworks.check(from, isIPv6(from) ? 'ipv6' : 'ipv4')) {
      isSaid = true;
      warn(
        `${from} sends X-Forwarded-For, but TRUST_PROXY is empty: all clients behind it count as one. Set TRUST_PROXY=${from} if it is your proxy.`,
      );
    }
    done();
  });
}
