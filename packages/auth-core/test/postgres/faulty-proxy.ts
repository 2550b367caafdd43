import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const DEFAULT_PORT = 5432;
const SOCKET = `.s.PGSQL.${DEFAULT_PORT}`;

/** A proxy before a database, which misbehaves when it is told to. */
export interface FaultyProxy {
  readonly url: string;
  /** From now on the connections that there are pass nothing on, in neither direction, and stay open. */
  silence(): void;
  /** From now on the connections that there are pass on what clients send, and no answer. */
  swallowAnswers(): void;
  /** What becomes of new connections: they are passed on, accepted and then ignored, or closed at once. */
  setNew(fate: 'passed on' | 'ignored' | 'closed'): void;
  /** Holds back each piece of an answer for so long. */
  delay(milliseconds: number): void;
  /** Cuts all connections. */
  cut(): void;
  /** How many connections are open. */
  readonly open: number;
  /** How many were closed at once. */
  readonly closed: number;
  close(): Promise<void>;
}

/** Starts a proxy before the database of a URL. */
export async function startProxy(databaseUrl: string): Promise<FaultyProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-proxy-'));
  const { hostname, port, searchParams } = new URL(databaseUrl);
  const socketFolder = searchParams.get('host');
  const links = new Set<{ silent: boolean; swallows: boolean; readonly ends: readonly Socket[] }>();
  let fate: 'passed on' | 'ignored' | 'closed' = 'passed on';
  let delayed = 0;
  let closed = 0;

  const server = createServer((client) => {
    client.on('error', () => client.destroy());
    if (fate === 'closed') {
      closed++;
      return client.destroy();
    }
    const database = socketFolder
      ? connect(join(socketFolder, SOCKET))
      : connect(Number(port || DEFAULT_PORT), hostname);
    const link = { silent: fate === 'ignored', swallows: false, ends: [client, database] };
    links.add(link);
    database.on('error', () => client.destroy());
    client.on('data', (bytes) => {
      if (!link.silent) database.write(bytes);
    });
    database.on('data', (bytes) => {
      const pass = () => {
        if (!(link.silent || link.swallows) && client.writable) client.write(bytes);
      };
      if (delayed === 0) pass();
      else setTimeout(pass, delayed);
    });
    database.on('close', () => {
      if (!link.silent) client.destroy();
    });
    client.on('close', () => {
      links.delete(link);
      database.destroy();
    });
  });
  server.listen(join(folder, SOCKET));
  await once(server, 'listening');

  const url = new URL(databaseUrl);
  url.searchParams.set('host', folder);
  function cut(): void {
    for (const { ends } of links) for (const end of ends) end.destroy();
  }
  return {
    url: url.href,
    silence() {
      for (const link of links) link.silent = true;
    },
    swallowAnswers() {
      for (const link of links) link.swallows = true;
    },
    setNew(given) {
      fate = given;
    },
    delay(milliseconds) {
      delayed = milliseconds;
    },
    cut,
    get open() {
      return links.size;
    },
    get closed() {
      return closed;
    },
    async close() {
      cut();
      await promisify(server.close.bind(server))();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
