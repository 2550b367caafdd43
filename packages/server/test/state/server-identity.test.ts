import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createServerIdentity, isOwnHost } from '../../src/state/server-identity.ts';

describe('the identity of a server', () => {
  it('is the same for all servers with a secret, and another for another secret', () => {
    const [one, same, other] = [7, 7, 8].map((byte) => createServerIdentity(new Uint8Array(32).fill(byte)).key);
    expect(one).toBe(same);
    expect(one).not.toBe(other);
  });
});

describe('the address that a server proves', () => {
  const isOwn = (host: string, address = '127.0.0.1', names = {}): boolean =>
    isOwnHost(host, { address, port: 1234 }, { host: '127.0.0.1', allowedHosts: [], ...names });

  it('is the one that the connection has come in at, with its port', () => {
    expect(isOwn('127.0.0.1:1234')).toBe(true);
    expect(isOwn('127.0.0.1:1234', '::ffff:127.0.0.1')).toBe(true);
    expect(isOwn('[::1]:1234', '::1')).toBe(true);
    expect(isOwn('192.168.1.7:1234', '192.168.1.7')).toBe(true);
  });

  it("is the machine's name only where nothing else can listen at another address of it", () => {
    const name = `${hostname().toLowerCase()}:1234`;
    expect(isOwn(name, '127.0.0.1', { host: '::' })).toBe(hostname().toLowerCase() !== 'localhost');
    for (const host of ['127.0.0.1', '0.0.0.0', '192.168.1.7']) expect(isOwn(name, '127.0.0.1', { host })).toBe(false);
  });

  it.each(['127.0.0.1:1235', '127.0.0.1', '127.0.0.2:1234', '[::1]:1234', '192.168.1.7:1234', 'evil.example:1234'])(
    'is not %s, at which something else listens that has passed the question on',
    (host) => expect(isOwn(host)).toBe(false),
  );

  it('is never localhost, which leads to two', () => {
    expect(isOwn('localhost:1234')).toBe(false);
  });

  it('may be one that the operator has named', () => {
    const named = { allowedHosts: ['Models.example.com'] };
    expect(isOwn('models.example.com', '10.0.0.1', named)).toBe(true);
    expect(isOwn('models.example.com:1234', '10.0.0.1', named)).toBe(true);
    expect(isOwn('models.example.com:8443', '10.0.0.1', { publicUrl: 'https://models.example.com:8443' })).toBe(true);
    expect(isOwn('models.example.com', '10.0.0.1', { publicUrl: 'https://models.example.com' })).toBe(true);
    expect(isOwn('other.example.com', '10.0.0.1', { publicUrl: 'https://models.example.com' })).toBe(false);
  });

  it.each(['8443', '1235', '22', '65535'])(
    'is no allowed name at port %s, at which another program may listen',
    (port) => {
      const names = { allowedHosts: ['models.example.com', '127.0.0.1', '*', '*.example.com'] };
      expect(isOwn(`models.example.com:${port}`, '10.0.0.1', names)).toBe(false);
      expect(isOwn(`127.0.0.1:${port}`, '127.0.0.1', names)).toBe(false);
      expect(isOwn(`models.example.com:${port}`, '10.0.0.1', { publicUrl: 'https://models.example.com' })).toBe(false);
    },
  );

  it.each(['', 'a b', 'a/b', '127.0.0.1:1234/x', 'x@127.0.0.1:1234', '127.0.0.1:1234#', 'x'.repeat(301)])(
    'is not %j, which is no address',
    (host) => expect(isOwn(host)).toBe(false),
  );
});
