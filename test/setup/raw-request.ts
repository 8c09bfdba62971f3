import { connect } from 'node:net';

/** A raw request, valid or not. Head lines without line ends. */
export interface RawRequest {
  head: string[];
  body?: string | Buffer;
  /** Half-closes the connection after the body. */
  end?: boolean;
  /** Sent every second until there is an answer. */
  drip?: string;
}

/** Status of the answer; 0 if the connection ends without one, or stays silent until the limit. */
export function rawStatus(
  origin: string,
  { head, body = '', end, drip }: RawRequest,
  patienceMs = 15_000,
): Promise<number> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    const done = () => {
      clearTimeout(timer);
      clearInterval(dripping);
      socket.destroy();
      resolve(Number(/^HTTP\/1\.1 ([2-5]\d\d)/.exec(answer)?.[1] ?? 0));
    };
    const timer = setTimeout(done, patienceMs);
    const dripping = drip && setInterval(() => socket.write(drip), 1_000);
    socket.on('data', (chunk: Buffer) => {
      answer = (answer + chunk.toString('latin1')).replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, '');
      if (answer.includes('\r\n\r\n')) done();
    });
    socket.on('error', done).on('close', done);
    socket.write([...head, `Host: ${hostname}`, '', ''].join('\r\n'));
    socket.write(body);
    if (end) socket.end();
  });
}
