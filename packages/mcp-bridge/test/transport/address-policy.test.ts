import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAddressPolicy, isPublicAddress } from '../../src/transport/address-policy.ts';

describe('isPublicAddress', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::169.254.169.254',
    '64:ff9b::a00:1',
    '64:ff9b:1::8.8.8.8',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::1',
    '3fff::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '5f00::1',
    'localhost',
    '',
    '127.1',
    '0x7f000001',
    '2130706433',
  ])('is no: %s', (address) => expect(isPublicAddress(address)).toBe(false));

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '11.0.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.255.255',
    '172.32.0.1',
    '192.169.0.1',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001::200e',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('is yes: %s', (address) => expect(isPublicAddress(address)).toBe(true));

  it('says the same of an IPv4 address and of the two IPv6 notations for it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublicAddress(address));
        expect(isPublicAddress(`64:ff9b::${address}`)).toBe(isPublicAddress(address));
      }),
    );
  });
});

describe("the operator's list", () => {
  it('opens a range to whatever name leads there', () => {
    const allows = createAddressPolicy(['10.0.0.0/8', 'fd12::/16', '127.0.0.1']);
    expect(allows('any.example', '10.9.9.9')).toBe(true);
    expect(allows('any.example', '::ffff:10.9.9.9')).toBe(true);
    expect(allows('any.example', 'fd12::1')).toBe(true);
    expect(allows('127.0.0.1', '127.0.0.1')).toBe(true);
    expect(allows('any.example', '127.0.0.2')).toBe(false);
    expect(allows('any.example', '192.168.0.1')).toBe(false);
    expect(allows('any.example', 'fd13::1')).toBe(false);
  });

  it('opens a name to private addresses, and to no other name', () => {
    const allows = createAddressPolicy(['Tools.internal']);
    expect(allows('tools.internal', '10.0.0.1')).toBe(true);
    expect(allows('tools.internal', '127.0.0.1')).toBe(true);
    expect(allows('tools.internal', '::1')).toBe(true);
    expect(allows('tools.internal', 'fd00::1')).toBe(true);
    expect(allows('other.internal', '10.0.0.1')).toBe(false);
  });

  it.each(['169.254.169.254', '0.0.0.0', '224.0.0.1', 'fd00:ec2::254', 'fe80::1', '::ffff:169.254.169.254', 'nothing'])(
    'opens %s to no name',
    (address) => expect(createAddressPolicy(['tools.internal'])('tools.internal', address)).toBe(false),
  );

  it('opens a link-local address when a range names it', () => {
    expect(createAddressPolicy(['169.254.169.254'])('any.example', '169.254.169.254')).toBe(true);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'fd00::/129', 'name/8', '10.0.0.0/-1', '10.0.0.0/1e1'])(
    'refuses %s',
    (entry) => expect(() => createAddressPolicy([entry])).toThrow(TypeError),
  );
});
