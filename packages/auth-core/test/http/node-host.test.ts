import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { nodeHost, sendRefusal } from '../../src/http/index.ts';

/** A response as an emulation makes it. */
function newResponse(state: object = {}) {
  const headers = new Map<string, unknown>();
  const end = vi.fn();
  return Object.assign(new EventEmitter(), {
    statusCode: 200,
    headersSent: false,
    headers,
    setHeader: (name: string, value: unknown) => headers.set(name.toLowerCase(), value),
    removeHeader: (name: string) => headers.delete(name.toLowerCase()),
    end,
    ...state,
  });
}

describe('a Node response', () => {
  it.each(['finish', 'close'])('has ended with its %s, once', (event) => {
    const [response, ended] = [newResponse(), vi.fn()];
    nodeHost(response).onEnd(ended);
    expect(ended).not.toHaveBeenCalled();
    response.emit(event);
    response.emit('close');
    expect(ended).toHaveBeenCalledOnce();
  });

  it.each([{ closed: true }, { destroyed: true }, { writableFinished: true }])('that is %j has ended', (state) => {
    const ended = vi.fn();
    nodeHost(newResponse(state)).onEnd(ended);
    expect(ended).toHaveBeenCalledOnce();
  });

  it('tells that the client has left, and not that it has its answer', () => {
    const [left, answered] = [newResponse(), newResponse()];
    const [gone, there] = [nodeHost(left).clientSignal(), nodeHost(answered).clientSignal()];
    left.emit('close');
    answered.emit('finish');
    answered.emit('close');
    expect([gone.aborted, there.aborted]).toEqual([true, false]);
    expect(gone.reason).toMatchObject({ name: 'AbortError' });
    expect(nodeHost(newResponse({ closed: true })).clientSignal().aborted).toBe(true);
  });

  it('gets no headers any more once they were sent', () => {
    const [sent, unsent] = [newResponse({ headersSent: true }), newResponse()];
    for (const response of [sent, unsent]) nodeHost(response).setHeaders({ RateLimit: 'r' });
    expect([sent.headers.size, unsent.headers.get('ratelimit')]).toEqual([0, 'r']);
  });

  it('is refused without the headers of the answer that is not given', () => {
    const response = newResponse();
    response.setHeader('ETag', '"a"');
    response.setHeader('Cache-Control', 'public');
    response.setHeader('Vary', 'Origin');
    sendRefusal(response, { status: 403, headers: { 'Cache-Control': 'no-store' }, without: ['ETag'], body: '{}' });
    expect(response.statusCode).toBe(403);
    expect(response.end).toHaveBeenCalledWith('{}');
    expect(Object.fromEntries(response.headers)).toEqual({ 'cache-control': 'no-store', vary: 'Origin' });
  });
});
