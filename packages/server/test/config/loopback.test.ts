import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../src/config/loopback.ts';

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', 'localhost'])('is true of %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '192.168.1.1',
    '128.0.0.1',
    '126.255.255.255',
    '::2',
    'fe80::1',
    'localhost.example.com',
    'example.com',
    '127.0.0.1.example.com',
    '127.1',
    '',
  ])('is false of %j', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
