import { describe, expect, it } from 'vitest';
import { readCredential, readFetchRequest, readNodeHeaders, readNodeRequest } from '../../src/http/index.ts';

describe('a request of Node', () => {
  it('is read line by line, also where Node keeps one line only', () => {
    const request = {
      rawHeaders: ['Authorization', 'Bearer one', 'X-API-Key', 'two', 'authorization', 'Bearer three'],
      headers: { authorization: 'Bearer one', 'x-api-key': 'two' },
    };
    expect(readNodeHeaders(request)('authorization')).toEqual(['Bearer one', 'Bearer three']);
    expect(readNodeHeaders(request)('x-api-key')).toEqual(['two']);
    expect(readNodeHeaders(request)('x-absent')).toEqual([]);
    expect(() => readCredential(readNodeHeaders(request))).toThrow(
      expect.objectContaining({ code: 'AUTH_TOKEN_MALFORMED' }),
    );
  });

  it.each([{ rawHeaders: [] }, {}])('is read from its headers where it has no raw ones: %j', (request) => {
    const read = readNodeHeaders({ ...request, headers: { Authorization: 'Bearer one', 'x-many': ['a', 'b'] } });
    expect(read('authorization')).toEqual(['Bearer one']);
    expect(read('x-many')).toEqual(['a', 'b']);
    expect(read('x-absent')).toEqual([]);
  });

  it('presents no token twice because a header is there in two cases', () => {
    const headers = { Authorization: 'Bearer one', authorization: 'Bearer two', 'X-Api-Key': undefined };
    expect(readNodeHeaders({ headers })('authorization')).toEqual(['Bearer one', 'Bearer two']);
    expect(readNodeHeaders({ headers })('x-api-key')).toEqual([]);
  });

  it('reads no header from the prototype of its headers', () => {
    const headers = Object.create({ authorization: 'Bearer inherited' });
    expect(readNodeHeaders({ headers })('authorization')).toEqual([]);
    expect(readNodeHeaders({})('constructor')).toEqual([]);
  });

  it('has the address of its connection, and none where there is no socket', () => {
    expect(readNodeRequest({ socket: { remoteAddress: '192.0.2.7' } }).peer).toBe('192.0.2.7');
    expect(readNodeRequest({ socket: null }).peer).toBeUndefined();
    expect(readNodeRequest({}).peer).toBeUndefined();
  });

  it('has a Unix socket as its peer where that is what the server listens at', () => {
    const socket = { server: { address: () => '/run/app.sock' } };
    expect(readNodeRequest({ socket }).peer).toBe('unix');
    expect(readNodeRequest({ socket: { ...socket, remoteAddress: '192.0.2.7' } }).peer).toBe('192.0.2.7');
    // A connection over TCP that was reset has no address any more.
    const reset = { server: { address: () => ({ address: '127.0.0.1', port: 80 }) } };
    for (const socket of [reset, { server: {} }, { server: null }, {}, null]) {
      expect(readNodeRequest({ socket }).peer).toBeUndefined();
    }
  });
});

describe('a request of fetch', () => {
  it('has its lines joined, so that a token that was sent twice is none', () => {
    const headers = new Headers([
      ['Authorization', 'Bearer one'],
      ['Authorization', 'Bearer one'],
    ]);
    const { header, peer } = readFetchRequest({ headers }, '192.0.2.7');
    expect(peer).toBe('192.0.2.7');
    expect(header('x-absent')).toEqual([]);
    expect(() => readCredential(header)).toThrow(expect.objectContaining({ code: 'AUTH_TOKEN_MALFORMED' }));
  });
});
