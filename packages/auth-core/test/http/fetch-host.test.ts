import { describe, expect, it, vi } from 'vitest';
import { protect } from '../../src/adapters/fetch.ts';
import { fetchHost, toResponse } from '../../src/http/index.ts';
import { createAuth, createMemoryTokenStore } from '../../src/index.ts';

function answering(method = 'GET') {
  const client = new AbortController();
  const host = fetchHost(new Request('http://app.test/', { method, signal: client.signal }));
  const ended = vi.fn();
  return { host, client, ended };
}

/** A body of two chunks, the second of which comes when it is asked for. */
const twoChunks = () => {
  const chunks = ['one', 'two'];
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(chunk));
    },
  });
};

describe('a protected fetch handler', () => {
  it('refuses the preflight of a browser like any request without a token', async () => {
    const handle = vi.fn(() => new Response('in'));
    const auth = createAuth({ store: createMemoryTokenStore(), digestKey: new Uint8Array(32).fill(1) });
    const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' };
    const answer = await protect({ auth })()(handle)(new Request('http://app.test/', { method: 'OPTIONS', headers }));
    expect([answer.status, handle.mock.calls.length]).toEqual([401, 0]);
  });
});

describe('a fetch response', () => {
  it('stays as it is where nothing was added and nothing waits for its end', () => {
    const response = Response.json({});
    expect(answering().host.finish(response)).toBe(response);
  });

  it('gets the headers that were set, and keeps its own', async () => {
    const { host } = answering();
    host.setHeaders({ RateLimit: '"requestsPerMinute";r=0' });
    const headers = new Headers([
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ]);
    const finished = host.finish(new Response('body', { status: 201, headers }));
    expect([finished.status, finished.headers.get('ratelimit'), finished.headers.getSetCookie()]).toEqual([
      201,
      '"requestsPerMinute";r=0',
      ['a=1', 'b=2'],
    ]);
    expect(await finished.text()).toBe('body');
  });

  it('has ended when its body was read to the end, and not before', async () => {
    const { host, ended } = answering();
    host.onEnd(ended);
    const reader = host.finish(new Response(twoChunks())).body?.getReader();
    await reader?.read();
    expect(ended).not.toHaveBeenCalled();
    await reader?.read();
    await reader?.read();
    expect(ended).toHaveBeenCalledOnce();
  });

  it('has ended when its body was cancelled, and the body is cancelled too', async () => {
    const { host, ended } = answering();
    host.onEnd(ended);
    const cancel = vi.fn();
    await host.finish(new Response(new ReadableStream({ cancel }))).body?.cancel('enough');
    expect(ended).toHaveBeenCalledOnce();
    expect(cancel).toHaveBeenCalledWith('enough');
  });

  it('has ended when its body has failed', async () => {
    const { host, ended } = answering();
    host.onEnd(ended);
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('broken')) });
    await expect(host.finish(new Response(body)).text()).rejects.toThrow('broken');
    expect(ended).toHaveBeenCalledOnce();
  });

  it('has ended when the client leaves, also one that never reads its body', () => {
    const { host, client, ended } = answering();
    host.onEnd(ended);
    host.finish(new Response(twoChunks()));
    client.abort();
    expect(ended).toHaveBeenCalledOnce();
  });

  it('has ended at once when the client has left before it', () => {
    const { host, client, ended } = answering();
    host.onEnd(ended);
    client.abort();
    host.finish(new Response(twoChunks()));
    expect(ended).toHaveBeenCalledOnce();
  });

  it.each([
    ['without a body', 'GET', () => new Response(null, { status: 204 })],
    ['to HEAD, whose body the host throws away', 'HEAD', () => new Response(twoChunks())],
  ])('has ended at once %s', (_, method, respond) => {
    const { host, ended } = answering(method);
    host.onEnd(ended);
    host.finish(respond());
    expect(ended).toHaveBeenCalledOnce();
  });

  it('that is a socket stays as it is, and ends with its client', () => {
    const { host, client, ended } = answering();
    host.onEnd(ended);
    host.setHeaders({ RateLimit: '"requestsPerMinute";r=0' });
    const socket = Object.defineProperty(new Response(null), 'status', { value: 101 });
    expect(host.finish(socket)).toBe(socket);
    expect(ended).not.toHaveBeenCalled();
    client.abort();
    expect(ended).toHaveBeenCalledOnce();
  });

  it('that is not given has ended', () => {
    const { host, ended } = answering();
    host.onEnd(ended);
    host.fail();
    expect(ended).toHaveBeenCalledOnce();
    host.onEnd(ended);
    expect(ended).toHaveBeenCalledTimes(2);
  });

  it('cannot be watched any more once it was returned unwatched', () => {
    const { host, ended } = answering();
    host.finish(new Response(twoChunks()));
    expect(() => host.onEnd(ended)).toThrow(TypeError);
  });

  it('renders a refusal with a line for each value of a header', () => {
    const headers = { 'WWW-Authenticate': ['Bearer realm="a"', 'Basic realm="a"'], 'Content-Type': 'application/json' };
    const response = toResponse({ status: 401, headers, without: [], body: '{}' });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="a", Basic realm="a"');
  });
});
