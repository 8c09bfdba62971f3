import { connect } from 'node:net';

/** A request as it goes over the wire, whatever is wrong with it. Lines of the head without their ends. */
export interface RawRequest {
  head: string[];
  body?: string | Buffer;
  /** Closes our side behind the body. */
  end?: boolean;
  /** Sent each second, until there is an answer. */
  drip?: string;
}

/** The status of the answer; 0 where the connection ends without one, or stays silent for so long. */
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
