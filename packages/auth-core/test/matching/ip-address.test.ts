import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyRangeContains,
  type IpAddress,
  parseIpAddress,
  parseIpRange,
  rangesCover,
} from '../../src/matching/ip-address.ts';
import { UNCOUNTED } from '../../src/matching/steps.ts';

function address(text: string): IpAddress {
  const parsed = parseIpAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

describe('parseIpAddress', () => {
  it.each([
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:1.2.3.4',
    '::1.2.3.4',
  ])('reads %s', (text) => {
    expect(parseIpAddress(text)).toBeDefined();
  });

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.0.0.1',
    '0x7f.0.0.1',
    '2130706433',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '::1%eth0',
    '[::1]',
    ':::1',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '12345::',
    '::g',
    '1.2.3.4::',
    '1.2.3.4:5::',
    '::1.2.3.4:5',
    ':1',
    '1:',
    '1:'.repeat(40),
  ])('does not read "%s"', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  it('takes an IPv4 address inside IPv6 for the IPv4 address', () => {
    expect(parseIpAddress('::ffff:10.0.0.1')).toEqual(parseIpAddress('10.0.0.1'));
    expect(parseIpAddress('::ffff:a00:1')).toEqual(parseIpAddress('10.0.0.1'));
  });

  it('reads only what the platform takes for an address, and all the IPv4 and IPv6 that it makes', () => {
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => parseIpAddress(text) !== undefined));
    const almost = fc.string({ unit: fc.constantFrom(...'0123456789af:.%/ ['), maxLength: 20 });
    fc.assert(
      fc.property(almost, (text) => parseIpAddress(text) === undefined || isIP(text) !== 0),
      { numRuns: 5000 },
    );
  });
});

describe('parseIpRange', () => {
  it.each(['10.0.0.0/8', '0.0.0.0/0', '::/0', 'fd00::/8', '192.0.2.7', '::1', '::ffff:10.0.0.0/104'])(
    'reads %s',
    (text) => {
      expect(parseIpRange(text)).toBeDefined();
    },
  );

  it.each([
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.1/8',
    '::/129',
    '*',
    '::ffff:0.0.0.0/95',
  ])('does not read "%s"', (text) => {
    expect(parseIpRange(text)).toBeUndefined();
  });
});

describe('anyRangeContains', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '::ffff:10.1.1.1', true],
    ['::ffff:10.0.0.0/104', '10.1.1.1', true],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '203.0.113.9', false],
    ['fd00::/8', 'fdff::1', true],
    ['fd00::/8', 'fe00::1', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['nonsense', '192.0.2.8', false],
  ])('%s and %s: %s', (range, text, expected) => {
    expect(anyRangeContains([range], address(text), UNCOUNTED)).toBe(expected);
  });

  it("agrees with the platform's own list", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (network, other, prefix) => {
        const bits = address(network).value;
        const masked = (bits >> BigInt(32 - prefix)) << BigInt(32 - prefix);
        const base = [24n, 16n, 8n, 0n].map((shift) => Number((masked >> shift) & 255n)).join('.');
        const list = new BlockList();
        list.addSubnet(base, prefix, 'ipv4');
        expect(anyRangeContains([`${base}/${prefix}`], address(other), UNCOUNTED)).toBe(list.check(other, 'ipv4'));
      }),
    );
  });
});

describe('rangesCover', () => {
  it.each([
    [['10.0.0.0/8'], ['10.1.0.0/16'], true],
    [['10.0.0.0/8'], ['10.0.0.0/8'], true],
    [['10.1.0.0/16'], ['10.0.0.0/8'], false],
    [['10.0.0.0/8'], ['11.0.0.0/16'], false],
    [['::/0'], ['10.0.0.0/8'], false],
    [['10.0.0.0/8', 'fd00::/8'], ['fd01::/16', '10.2.3.4'], true],
    [['10.0.0.0/8'], ['nonsense'], false],
    [['nonsense'], ['10.0.0.0/8'], false],
    [['10.0.0.0/8'], [], true],
  ])('%j over %j: %s', (outer, inner, expected) => {
    expect(rangesCover(outer, inner, UNCOUNTED)).toBe(expected);
  });
});
