import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClientAddress, isAddressRange } from '../../src/http/index.ts';

const forwarded =
  (...values: string[]) =>
  (name: string) =>
    name === 'x-forwarded-for' ? values : [];

describe('the address of a client', () => {
  it('is that of the connection, whatever X-Forwarded-For says, when no proxy is trusted', () => {
    expect(createClientAddress()(forwarded('10.0.0.1'), '192.0.2.7')).toBe('192.0.2.7');
    expect(createClientAddress([])(forwarded('10.0.0.1'), undefined)).toBeUndefined();
  });

  it('is that of the connection when somebody else than a trusted proxy forwards', () => {
    expect(createClientAddress(['10.0.0.0/8'])(forwarded('10.0.0.1'), '192.0.2.7')).toBe('192.0.2.7');
    expect(createClientAddress(['10.0.0.0/8'])(forwarded('10.0.0.1'), undefined)).toBeUndefined();
  });

  it('is what the trusted proxy has written, and not what the client wrote before it', () => {
    const address = createClientAddress(['127.0.0.1']);
    expect(address(forwarded('198.51.100.4'), '127.0.0.1')).toBe('198.51.100.4');
    expect(address(forwarded('10.0.0.1, 198.51.100.4'), '127.0.0.1')).toBe('198.51.100.4');
    expect(address(forwarded('127.0.0.1, 198.51.100.4'), '127.0.0.1')).toBe('198.51.100.4');
  });

  it('is found behind several trusted proxies, in one line or in several', () => {
    const address = createClientAddress(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
    expect(address(forwarded('6.6.6.6,198.51.100.4 , 10.0.0.7,fd00::1'), '127.0.0.1')).toBe('198.51.100.4');
    expect(address(forwarded('6.6.6.6', '198.51.100.4', '10.0.0.7, fd00::1'), '127.0.0.1')).toBe('198.51.100.4');
  });

  it('is that of the first proxy when all of them are trusted', () => {
    const address = createClientAddress(['127.0.0.1', '10.0.0.0/8']);
    expect(address(forwarded('10.0.0.9, 10.0.0.7'), '127.0.0.1')).toBe('10.0.0.9');
    expect(address(forwarded(), '127.0.0.1')).toBe('127.0.0.1');
    expect(address(forwarded(' '), '127.0.0.1')).toBe('127.0.0.1');
  });

  it.each<[string, string]>([
    ['198.51.100.4:1234', '198.51.100.4'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['::ffff:198.51.100.4', '::ffff:198.51.100.4'],
  ])('is found in "%s", with or without a port', (hop, client) => {
    const address = createClientAddress(['127.0.0.1', '10.0.0.0/8']);
    expect(address(forwarded(`6.6.6.6, ${hop}, 10.0.0.7:80`), '127.0.0.1')).toBe(client);
    expect(address(forwarded(`${hop}, 10.0.0.9:1, [::ffff:10.0.0.7]:80`), '127.0.0.1')).toBe(client);
  });

  it.each([
    'unknown',
    'unknown:80',
    '198.51.100.4:',
    '198.51.100.4:123456',
    '[198.51.100.4]:80',
    '[::1',
    '[::1]x',
    '_hidden',
    '',
    '198.51.100.04',
    'fe80::1%eth0',
  ])('is nobody\'s when a trusted proxy forwards "%s"', (hop) => {
    const address = createClientAddress(['127.0.0.1', '10.0.0.0/8']);
    expect(address(forwarded(`10.0.0.1, ${hop}, 10.0.0.7`), '127.0.0.1')).toBeUndefined();
  });

  it('knows a trusted proxy by its IPv4 address inside IPv6 as well', () => {
    expect(createClientAddress(['127.0.0.1'])(forwarded('198.51.100.4'), '::ffff:127.0.0.1')).toBe('198.51.100.4');
  });

  it('is what a proxy at a Unix socket has written, if such proxies are trusted', () => {
    expect(createClientAddress(['unix'])(forwarded('198.51.100.4'), 'unix')).toBe('198.51.100.4');
    expect(createClientAddress(['unix', '10.0.0.0/8'])(forwarded('198.51.100.4, 10.0.0.7'), 'unix')).toBe(
      '198.51.100.4',
    );
    expect(createClientAddress(['10.0.0.0/8'])(forwarded('198.51.100.4'), 'unix')).toBeUndefined();
    expect(createClientAddress()(forwarded('198.51.100.4'), 'unix')).toBeUndefined();
    expect(createClientAddress(['unix'])(forwarded(), 'unix')).toBeUndefined();
  });

  it('is unknown for a connection without an address, such as one that was reset', () => {
    expect(createClientAddress(['unix', '10.0.0.0/8'])(forwarded('198.51.100.4'), undefined)).toBeUndefined();
    expect(createClientAddress(['unix'])(forwarded('198.51.100.4'), '192.0.2.7')).toBe('192.0.2.7');
  });

  it.each(['proxy', '10.0.0.1/8', '10.0.0.0/33', '', '*', '0.0.0.0/0 '])('refuses to trust "%s"', (range) => {
    expect(() => createClientAddress(['127.0.0.1', range])).toThrow(
      new TypeError("trustedProxies[1] must be an IP address, a range such as 10.0.0.0/8, or 'unix'"),
    );
    expect(isAddressRange(range)).toBe(false);
  });

  it('does not change with what stands left of what the trusted proxy has written', () => {
    const address = createClientAddress(['127.0.0.1', '10.0.0.0/8']);
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.ipV4(), fc.constant('10.0.0.1'))), (lies) => {
        expect(address(forwarded(...lies, '198.51.100.4, 10.0.0.7'), '127.0.0.1')).toBe('198.51.100.4');
      }),
    );
  });
});
