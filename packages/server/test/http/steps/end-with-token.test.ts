import {
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createMemoryTokenStore,
} from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { talksUntilAborted } from '@latchkey/engine/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { open, send } from '../in-process-client.ts';
import { newServer } from '../new-server.ts';

const grant: Grant = { actions: ['chat'], models: ['*'] };
const body = { model: 'ibm/granite', input: 'Go on', stream: true };

afterEach(() => {
  vi.useRealTimers();
});

describe('a running request', () => {
  it('ends at once when its token is revoked, and the stream says why', async () => {
    const server = await newServer({ turns: [talksUntilAborted] });
    const token = await server.issue(grant);
    const answer = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    await answer.received('"and "');
    const [info] = await server.auth.list(server.auth.operator());
    await server.auth.revoke(info?.id ?? '', server.auth.operator());
    const stream = await answer.received('event: chat.end');
    expect(stream).toContain('"code":"token_revoked"');
  });

  it('that is not streamed is a 401 with a challenge', async () => {
    const started = Promise.withResolvers<void>();
    const server = await newServer({
      turns: [
        async function* (request, signal) {
          started.resolve();
          yield* typeof talksUntilAborted === 'function' ? talksUntilAborted(request, signal) : [];
        },
      ],
    });
    const token = await server.issue(grant);
    const answer = send(server.app, { method: 'POST', path: '/api/v1/chat', token, body: { ...body, stream: false } });
    await started.promise;
    const [info] = await server.auth.list(server.auth.operator());
    await server.auth.revoke(info?.id ?? '', server.auth.operator());
    expect((await answer).status).toBe(401);
    expect((await answer).headers['www-authenticate']).toContain('error="invalid_token"');
  });

  it('goes on when another token is revoked', async () => {
    const server = await newServer({ turns: [talksUntilAborted] });
    const token = await server.issue(grant);
    const answer = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    await answer.received('"and "');
    const other = await server.auth.issue({ name: 'other', grant }, server.auth.operator());
    await server.auth.revoke(other.record.id, server.auth.operator());
    server.stop.abort();
    expect(await answer.received('event: chat.end')).not.toContain('invalid_api_key');
  });

  it('ends at once when the token is revoked that its own was derived from', async () => {
    // Without the looks that are taken in between.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const formats = [createApiKeyFormat(llm), createAttenuatedFormat(llm)];
    const auth = createAuth({
      vocabulary: llm,
      store: createMemoryTokenStore(),
      digestKey: new Uint8Array(32),
      formats,
    });
    const server = await newServer({ turns: [talksUntilAborted], app: { auth } });
    const parent = await auth.issue({ name: 'test', grant }, auth.operator());
    const token = await attenuateToken(llm, parent.token, grant);
    const answer = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    await answer.received('"and "');
    await auth.revoke(parent.record.id, auth.operator());
    expect(await answer.received('event: chat.end')).toContain('"code":"token_revoked"');
  });

  it('ends when a later look at its token says that it has ended', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const parts = {
      vocabulary: llm,
      store: createMemoryTokenStore(),
      digestKey: new Uint8Array(32),
      cacheMilliseconds: 0,
    };
    const [auth, otherProcess] = [createAuth(parts), createAuth(parts)];
    const server = await newServer({ turns: [talksUntilAborted], app: { auth } });
    const { token, record } = await auth.issue({ name: 'test', grant }, auth.operator());
    const answer = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    await answer.received('"and "');
    await otherProcess.revoke(record.id, otherProcess.operator());
    vi.advanceTimersByTime(500);
    expect(await answer.received('event: chat.end')).toContain('"code":"token_revoked"');
  });

  // A look every 400 milliseconds, and what was verified counts for up to 500.
  it.each([0, 1, 399, 401, 499, 501, 799, 801])(
    'ends within a second when its token is revoked elsewhere, %i milliseconds after it began',
    async (milliseconds) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
      const parts = { vocabulary: llm, store: createMemoryTokenStore(), digestKey: new Uint8Array(32) };
      const [auth, otherProcess] = [createAuth(parts), createAuth(parts)];
      const server = await newServer({ turns: [talksUntilAborted], app: { auth } });
      const { token, record } = await auth.issue({ name: 'test', grant }, auth.operator());
      const answer = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
      await answer.received('"and "');
      await vi.advanceTimersByTimeAsync(milliseconds);
      // A look that began before the revocation takes real time: it is at its end here.
      await auth.verify(token);
      await otherProcess.revoke(record.id, otherProcess.operator());
      await vi.advanceTimersByTimeAsync(1000);
      expect(await answer.received('event: chat.end')).toContain('"code":"token_revoked"');
    },
  );

  it('ends when nobody can say for a while whether its token still counts', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const store = createMemoryTokenStore();
    const auth = createAuth({ vocabulary: llm, store, digestKey: new Uint8Array(32), cacheMilliseconds: 0 });
    const server = await newServer({ turns: [talksUntilAborted], app: { auth } });
    const { token } = await auth.issue({ name: 'test', grant }, auth.operator());
    const answer = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    await answer.received('"and "');
    await store.close();
    for (let look = 0; look < 5; look++) await vi.advanceTimersByTimeAsync(500);
    expect(await answer.received('event: chat.end')).toContain('"code":"store_unavailable"');
  });

  it('ends when the looks at its token are never answered', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const store = createMemoryTokenStore();
    let hangs = false;
    const find: typeof store.find = (id) => (hangs ? new Promise(() => {}) : store.find(id));
    const auth = createAuth({
      vocabulary: llm,
      store: { ...store, find },
      digestKey: new Uint8Array(32),
      cacheMilliseconds: 0,
    });
    const server = await newServer({ turns: [talksUntilAborted], app: { auth } });
    const { token } = await auth.issue({ name: 'test', grant }, auth.operator());
    const answer = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    await answer.received('"and "');
    hangs = true;
    await vi.advanceTimersByTimeAsync(6 * 400);
    expect(await answer.received('event: chat.end')).toContain('"code":"store_unavailable"');
  });

  it('leaves neither a look at its token nor a listener behind', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const auth = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey: new Uint8Array(32) });
    const listening = new Set<unknown>();
    const watched = {
      ...auth,
      onRevoked: (listener: (id: string) => void) => {
        const stop = auth.onRevoked(listener);
        listening.add(listener);
        return () => {
          listening.delete(listener);
          stop();
        };
      },
    };
    const server = await newServer({ turns: [talksUntilAborted], app: { auth: watched } });
    const { token } = await auth.issue({ name: 'test', grant }, auth.operator());
    // The first use of a token starts what writes the times of use.
    await auth.verify(token);
    const own = vi.getTimerCount();
    const answer = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    await answer.received('"and "');
    expect([vi.getTimerCount(), listening.size]).toEqual([own + 1, 1]);
    server.stop.abort();
    await answer.received('event: chat.end');
    await vi.waitFor(() => expect([vi.getTimerCount(), listening.size]).toEqual([own, 0]));
  });
});
