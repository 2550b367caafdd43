import { once } from 'node:events';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createRequestGuard, nodeHost, readNodeRequest, sendRefusal } from '@latchkey/auth-core/http';
import { askAll, auth } from './invoices.ts';

/* auth-core in `node:http2`. */

const guard = createRequestGuard({ auth });
const server = createServer(async (request, response) => {
  try {
    const presented = () => readNodeRequest(request);
    const caller = await guard.pass({
      key: request,
      presented,
      host: () => nodeHost(response),
      action: 'invoices:read',
    });
    response.end(JSON.stringify({ hello: caller.principal.name }));
  } catch (error) {
    const refusal = guard.refuse(error);
    if (refusal !== undefined) sendRefusal(response, refusal);
    else response.writeHead(500).end();
  }
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
const answers = await askAll(async (headers) => {
  const stream = session.request({ ':path': '/', ...headers });
  const [received] = (await once(stream, 'response')) as [{ readonly ':status'?: number }];
  return { status: received[':status'] ?? 0, body: await text(stream) };
});
session.close();
server.close();
console.log(JSON.stringify({ answers }));
