import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sendChecked } from '../../src/webhooks/send-message.ts';

async function listen(status: number, headers: Record<string, string> = {}) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(await text(request));
    response.writeHead(status, headers).end('an answer that is not read');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

const message = { body: '{}', headers: { 'content-type': 'application/json' }, signal: AbortSignal.timeout(10_000) };

describe('a message to a webhook', () => {
  it('is not sent to an address of this network that the operator has not listed', async () => {
    const { url, bodies } = await listen(200);
    for (const hosts of [[], ['10.0.0.0/8'], ['localhost']]) {
      await expect(sendChecked(hosts)(url, message)).rejects.toThrow('not one that may be reached');
    }
    expect(bodies).toEqual([]);
  });

  it('is sent to one that is listed', async () => {
    const { url, bodies } = await listen(204);
    expect(await sendChecked(['127.0.0.0/8'])(url, message)).toBe(204);
    expect(bodies).toEqual(['{}']);
  });

  it('does not follow a redirect', async () => {
    const inside = await listen(200);
    const { url } = await listen(302, { location: inside.url });
    expect(await sendChecked(['127.0.0.1'])(url, message)).toBe(302);
    expect(inside.bodies).toEqual([]);
  });
});
