import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { SdkSockets } from './sdk-socket/sockets.ts';
import { withFreePath } from './socket-path.ts';
import { addressesOf, isNoAddressHere } from './state/addresses.ts';

/** The ports and the Unix sockets on which a server listens. */
export interface Listening {
  /** One for each port, in their order, e.g. `http://127.0.0.1:1234`. */
  readonly urls: readonly string[];
  /** The paths of the Unix sockets. */
  readonly paths: readonly string[];
  /** Accepts no more connections. Resolves when those there are have ended. */
  close(): Promise<void>;
  /** Ends all connections, whatever they do. */
  cut(): void;
}

/** Where to listen. */
export interface Places {
  readonly host: string;
  readonly ports: readonly number[];
  /** The paths of Unix sockets. */
  readonly paths: readonly string[];
  /** Descriptors of sockets that listen already. One with an address takes the place of the first port. */
  readonly inherited: readonly number[];
  /** Throws for an address at which the server must not be. */
  readonly check: (address: string) => void;
}

/** What answers on the ports. */
export interface Answering {
  readonly request: RequestListener;
  /** The same for connections to Unix sockets. */
  readonly localRequest: RequestListener;
  /** Takes the requests to become a websocket. */
  readonly sockets: SdkSockets;
  /** How long the other end may take nothing of an answer. */
  readonly untakenMilliseconds?: number;
}

const UNTAKEN_MILLISECONDS = 120_000;

/** Listens on all places, or on none: then it rejects with the error of the place at fault. */
export async function listenOn(
  { host, ports, paths, inherited, check }: Places,
  options: ServerOptions,
  { request, localRequest, sockets, untakenMilliseconds = UNTAKEN_MILLISECONDS }: Answering,
): Promise<Listening> {
  const servers: Server[] = [];
  const urls: string[] = [];
  const taken: string[] = [];
  const listening: Omit<Listening, 'urls' | 'paths'> = {
    close: async () => {
      sockets.close();
      await Promise.all(servers.map(close));
    },
    cut: () => {
      sockets.cut();
      for (const server of servers) server.closeAllConnections();
    },
  };
  const open = async (place: Place): Promise<void> => {
    // What is a Unix socket is known of an inherited one only once it listens; no connection is accepted before that.
    let answer = request;
    const server = createServer({ ...options, shouldUpgradeCallback: wantsWebsocket }, (...exchange) =>
      answer(...exchange),
    );
    endUntaken(server, untakenMilliseconds);
    server.on('upgrade', (...handshake) => void sockets.upgrade(...handshake));
    const address = await listen(server, place);
    servers.push(server);
    if (typeof address === 'string') {
      answer = localRequest;
      taken.push(address);
    } else {
      check(address.address);
      urls.push(urlOf(address));
    }
  };
  try {
    for (const fd of inherited) await open({ fd });
    for (const port of urls.length === 0 ? ports : ports.slice(1)) {
      await onFirst(await addressesOf(host), (address) => open({ host: address, port }));
    }
    for (const path of paths) await withFreePath(path, () => open({ path }));
  } catch (error) {
    listening.cut();
    await listening.close();
    throw error;
  }
  return { urls, paths: taken, ...listening };
}

/**
 * Ends a connection whose other end takes nothing of an answer for a while: it would hold the answer, and what that
 * stands on, for ever. An answer that has not begun yet is waited for.
 */
function endUntaken(server: Server, milliseconds: number): void {
  const answering = new WeakSet<Socket>();
  server.on('request', ({ socket }, response) => {
    answering.add(socket);
    response.once('close', () => answering.delete(socket));
  });
  server.setTimeout(milliseconds, (socket) => {
    // With this listener, Node leaves connections without a request to it, too.
    if (socket.writableLength > 0 || !answering.has(socket)) socket.destroy();
  });
}

/** Listens on the first address that this machine has. Throws the error of the last one when it has none of them. */
async function onFirst(addresses: readonly string[], open: (address: string) => Promise<void>): Promise<void> {
  for (const [index, address] of addresses.entries()) {
    try {
      return await open(address);
    } catch (error) {
      if (index === addresses.length - 1 || !isNoAddressHere(error)) throw error;
    }
  }
}

type Place = { readonly fd: number } | { readonly host: string; readonly port: number } | { readonly path: string };

async function listen(server: Server, place: Place): Promise<AddressInfo | string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...place }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server.address() ?? '';
}

const urlOf = ({ address, family, port }: AddressInfo): string =>
  `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;

const close = (server: Server): Promise<void> =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });

/** Other protocols are not spoken here: the request is answered as it is (RFC 9110 section 7.8). */
const wantsWebsocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';
