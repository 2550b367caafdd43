import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, isFinal } from '../src/api/api-error.ts';
import { call, onUnauthenticated } from '../src/api/call.ts';
import { signIn } from '../src/api/identity.ts';

beforeEach(() => vi.stubGlobal('localStorage', { getItem: () => null }));
afterEach(() => vi.unstubAllGlobals());

const answer = (body: ConstructorParameters<typeof Response>[0], status = 200): void => {
  vi.stubGlobal('fetch', async () => new Response(body, { status }));
};

describe('an answer that is not JSON', () => {
  it.each(['<html>Log in</html>', '{"cut', '\u0000'])('is an error that says so (%j)', async (body) => {
    answer(body);
    await expect(call('GET', '/api/v1/models')).rejects.toThrow(expect.objectContaining({ code: 'not_json' }));
  });

  it('is one of no server when it breaks off', async () => {
    answer(new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) }));
    await expect(call('GET', '/api/v1/models')).rejects.toThrow(expect.objectContaining({ code: 'unreachable' }));
  });
});

describe('the session of the page', () => {
  const ended = async (act: () => Promise<unknown>): Promise<number> => {
    answer('{}', 401);
    const listener = vi.fn();
    const stop = onUnauthenticated(listener);
    await expect(act()).rejects.toThrow(ApiError);
    stop();
    return listener.mock.calls.length;
  };

  it('has ended when a request is refused', async () => {
    expect(await ended(() => call('GET', '/api/v1/tokens'))).toBe(1);
  });

  it('has not ended when a link or a token is refused', async () => {
    expect(await ended(() => signIn({ link: 'of-another-page' }))).toBe(0);
    expect(await ended(() => signIn({ token: 'wrong' }))).toBe(0);
  });
});

describe('the list of approvals', () => {
  it.each([408, 425, 429, 500, 503, 0])('is asked for again after %d', (status) => {
    expect(isFinal(new ApiError(status, '', ''))).toBe(false);
  });

  it.each([400, 401, 403, 404])('is not asked for again after %d', (status) => {
    expect(isFinal(new ApiError(status, '', ''))).toBe(true);
  });
});
