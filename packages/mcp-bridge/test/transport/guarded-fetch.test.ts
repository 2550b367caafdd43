import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createGuardedFetch, type Fetch } from '../../src/transport/guarded-fetch.ts';

const url = 'https://server.example/mcp';
const post = (body = '{"method":"tools/call"}'): RequestInit => ({ method: 'POST', body });

/** A server that answers with these chunks, or goes on for ever after them; remembers how it was asked. */
function answering(chunks: string[], { endless = false } = {}) {
  const requests: RequestInit[] = [];
  const fetch: Fetch = async (_, init = {}) => {
    requests.push(init);
    init.signal?.throwIfAborted();
    const pending = chunks.map((chunk) => new TextEncoder().encode(chunk));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        init.signal?.addEventListener('abort', () => controller.error(init.signal?.reason), { once: true });
      },
      pull(controller) {
        const chunk = pending.shift();
        if (chunk !== undefined) controller.enqueue(chunk);
        else if (!endless) controller.close();
        else return new Promise(() => {});
      },
    });
    return new Response(body, { status: 200, headers: { 'content-type': 'application/json' } });
  };
  return { fetch, requests };
}

describe('createGuardedFetch', () => {
  it('passes a response through with its status, headers and body', async () => {
    const { fetch } = createGuardedFetch({ fetch: answering(['{"a":', '1}']).fetch, bodyBytes: 100, now: () => 0 });
    const response = await fetch(url, post());
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await response.json()).toEqual({ a: 1 });
  });

  it('cuts a body above the limit, and ends the request', async () => {
    const server = answering(['12345', '67890', '1'], { endless: true });
    const { fetch } = createGuardedFetch({ fetch: server.fetch, bodyBytes: 10, now: () => 0 });
    const response = await fetch(url, post());
    await expect(response.text()).rejects.toThrow('a response is larger than 10 bytes');
    expect(server.requests[0]?.signal?.aborted).toBe(true);
  });

  it('ends what an exchange left open when the exchange is over', async () => {
    const server = answering(['x'], { endless: true });
    const { fetch, exchange } = createGuardedFetch({ fetch: server.fetch, bodyBytes: 100, now: () => 0 });
    const response = await exchange(() => fetch(url, post()));
    await expect(response.text()).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.requests[0]?.signal?.aborted).toBe(true);
  });

  it('does not end the exchanges of other calls', async () => {
    const server = answering(['x']);
    const { fetch, exchange } = createGuardedFetch({ fetch: server.fetch, bodyBytes: 100, now: () => 0 });
    await exchange(async () => {
      await exchange(() => fetch(url, post()));
      expect(await (await fetch(url, post())).text()).toBe('x');
    });
  });

  it("ends a request with the transport's own signal", async () => {
    const server = answering(['x'], { endless: true });
    const { fetch } = createGuardedFetch({ fetch: server.fetch, bodyBytes: 100, now: () => 0 });
    const transport = new AbortController();
    const response = await fetch(url, { ...post(), signal: transport.signal });
    transport.abort();
    await expect(response.text()).rejects.toMatchObject({ name: 'AbortError' });
    await expect(fetch(url, { ...post(), signal: transport.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('leaves no listener on a signal that lives longer', async () => {
    const transport = new AbortController();
    const { fetch, exchange } = createGuardedFetch({ fetch: answering(['x']).fetch, bodyBytes: 100, now: () => 0 });
    for (let count = 0; count < 20; count += 1) {
      await exchange(async () => (await fetch(url, { ...post(), signal: transport.signal })).text());
    }
    const failing = createGuardedFetch({
      fetch: () => Promise.reject(new TypeError('refused')),
      bodyBytes: 100,
      now: () => 0,
    });
    await failing.fetch(url, { ...post(), signal: transport.signal }).catch(() => {});
    expect(getEventListeners(transport.signal, 'abort')).toHaveLength(0);
  });

  it('lets the cancellation of a call that was given up reach the server', async () => {
    const server = answering(['']);
    const { fetch, exchange } = createGuardedFetch({ fetch: server.fetch, bodyBytes: 100, now: () => 0 });
    let later = (): Promise<Response> => Promise.reject(new Error('not set'));
    await exchange(async () => {
      const { AsyncResource } = await import('node:async_hooks');
      later = AsyncResource.bind(() => fetch(url, post('{"method":"notifications/cancelled","params":{}}')));
    });
    await expect(later()).resolves.toBeDefined();
  });

  it('is not fooled by a call whose arguments mention a cancellation', async () => {
    const server = answering(['']);
    const { fetch, exchange } = createGuardedFetch({ fetch: server.fetch, bodyBytes: 100, now: () => 0 });
    const body = '{"method":"tools/call","params":{"arguments":{"notifications/cancelled":1}}}';
    await exchange(() => fetch(url, post(body)));
    expect(server.requests[0]?.signal?.aborted).toBe(true);
  });

  it('declines the standing stream of a server, and lets a broken answer be resumed', async () => {
    const server = answering(['x']);
    const { fetch } = createGuardedFetch({ fetch: server.fetch, bodyBytes: 100, now: () => 0 });
    expect((await fetch(url, { method: 'GET' })).status).toBe(405);
    expect(server.requests).toHaveLength(0);
    expect((await fetch(url, { method: 'GET', headers: { 'last-event-id': '7' } })).status).toBe(200);
  });
});
