import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createRequestGuard, nodeHost, readNodeRequest, sendRefusal } from '@latchkey/auth-core/http';
import { type Answered, askAll, auth, sendTo } from './invoices.ts';

/* auth-core in `node:http` without a framework: at a port, and at a Unix socket behind a proxy. */

const guard = createRequestGuard({ auth, trustedProxies: ['unix'] });

async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const caller = await guard.pass({
      key: incoming,
      presented: () => readNodeRequest(incoming),
      host: () => nodeHost(response),
      action: 'invoices:read',
    });
    response.end(JSON.stringify({ hello: caller.principal.name, from: caller.address }));
  } catch (error) {
    const refusal = guard.refuse(error);
    if (refusal !== undefined) sendRefusal(response, refusal);
    else response.writeHead(500).end();
  }
}

async function listenAt(place: { readonly port: number; readonly host: string } | { readonly path: string }) {
  const server: Server = createServer((incoming, response) => void serve(incoming, response)).listen(place);
  await once(server, 'listening');
  return server;
}

async function sendToSocket(path: string, headers: Readonly<Record<string, string>>): Promise<Answered> {
  const sent = request({ socketPath: path, headers }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

const atPort = await listenAt({ port: 0, host: '127.0.0.1' });
const answers = await askAll(sendTo(`http://127.0.0.1:${(atPort.address() as AddressInfo).port}`));

const path = join(import.meta.dirname, 'app.sock');
const atSocket = await listenAt({ path });
const { token } = await auth.issue(
  { name: 'near', grant: { actions: ['invoices:read'], networks: ['10.0.0.0/8'] } },
  auth.operator(),
);
const behindProxy: string[] = [];
for (const forwarded of ['10.1.2.3', '10.1.2.3:5678', '198.51.100.4', '10.1.2.3, 198.51.100.4', undefined]) {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }),
  };
  const { status, body } = await sendToSocket(path, headers);
  behindProxy.push(`${status} ${JSON.parse(body).from ?? ''}`.trim());
}
for (const server of [atPort, atSocket]) server.close().closeAllConnections();
console.log(JSON.stringify({ answers, behindProxy }));
