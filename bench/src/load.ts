import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const CONNECTIONS = 16;
/** How many requests one call makes. */
export const REQUESTS = 1000;

/**
 * Requests per second that a URL serves to 16 connections, each of which sends the next request as soon as it has its
 * answer; rejects when one is refused. Of an answer, only its end is determined: a general client spends as much time
 * on an answer as Koa does, so the measurement would be one of the client.
 */
export async function load(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const { hostname, host, port, pathname } = new URL(url);
  const fields = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `GET ${pathname} HTTP/1.1\r\n${fields.join('')}\r\n`;
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(Number(port), hostname).setNoDelay());
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    let left = REQUESTS;
    const start = performance.now();
    await Promise.all(sockets.map((socket) => ask(socket, request, () => left-- > 0)));
    return (REQUESTS * 1000) / (performance.now() - start);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Sends requests over one connection, one after the other, while any are left. */
function ask(socket: Socket, request: string, isMore: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let missing = 0;
  function next(): void {
    if (isMore()) socket.write(request);
    else resolve();
  }
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the server has hung up')));
  socket.on('data', (chunk: Buffer) => {
    try {
      missing = (missing === 0 ? lengthOfAnswer(chunk) : missing) - chunk.length;
      if (missing < 0) throw new Error('the server says more than it announced');
    } catch (error) {
      reject(error);
      return;
    }
    if (missing === 0) next();
  });
  next();
  return promise;
}

/** The number of bytes of the answer that begins here, with head and body. */
function lengthOfAnswer(chunk: Buffer): number {
  const end = chunk.indexOf('\r\n\r\n');
  const head = chunk.toString('latin1', 0, end);
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  if (end < 0 || length === undefined || !head.startsWith('HTTP/1.1 200 ')) {
    throw new Error(`expected 200 and a length, got ${head}`);
  }
  return end + 4 + Number(length);
}
