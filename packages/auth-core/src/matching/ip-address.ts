import { coverEach } from './glob.ts';
import type { Steps } from './steps.ts';

/** An IP address as a number; an IPv4 address inside IPv6 (`::ffff:10.0.0.1`, RFC 4291 2.5.5.2) counts as IPv4. */
export interface IpAddress {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** A range of addresses in CIDR notation (RFC 4632): those that share the first `prefix` bits. */
export interface IpRange extends IpAddress {
  readonly prefix: number;
}

const DECIMAL_BYTE = /^(?:0|[1-9][0-9]{0,2})$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;
const MAPPED_PREFIX = 0xffffn;

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    // Some parsers read a leading zero as octal, so such an address is refused.
    if (!DECIMAL_BYTE.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseGroups(text: string): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) {
      groups.push(BigInt(`0x${part}`));
    } else {
      const ipv4 = index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (ipv4 === undefined) return undefined;
      groups.push(ipv4 >> 16n, ipv4 & 0xffffn);
    }
  }
  return groups;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [before = '', after] = halves;
  // An IPv4 tail belongs at the very end, so never before a `::`.
  if (after !== undefined && before.includes('.')) return undefined;
  const head = parseGroups(before);
  const tail = parseGroups(after ?? '');
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** Reads an IP address strictly: four decimal numbers, or IPv6 without a zone. Anything else is undefined. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.length > 45) return undefined;
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return { bits: 32, value: ipv4 };
  const ipv6 = parseIpv6(text);
  if (ipv6 === undefined) return undefined;
  return ipv6 >> 32n === MAPPED_PREFIX ? { bits: 32, value: ipv6 & 0xffffffffn } : { bits: 128, value: ipv6 };
}

/**
 * Reads a range such as `10.0.0.0/8`, `fd00::/8`, or a single address. Bits after the prefix must be zero, so that a
 * mistake is found when the range is written. Anything else is undefined.
 */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const address = parseIpAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash < 0) return { ...address, prefix: address.bits };
  const length = text.slice(slash + 1);
  if (!DECIMAL_BYTE.test(length)) return undefined;
  const written = Number(length);
  const prefix = address.bits === 32 && text.includes(':') ? written - 96 : written;
  if (prefix < 0 || prefix > address.bits) return undefined;
  const hostBits = BigInt(address.bits - prefix);
  return (address.value >> hostBits) << hostBits === address.value ? { ...address, prefix } : undefined;
}

/** Whether the range contains the address. A range of IPv4 contains no IPv6 address, and vice versa. */
export function rangeContains(range: IpRange, address: IpAddress): boolean {
  const hostBits = BigInt(range.bits - range.prefix);
  return range.bits === address.bits && range.value >> hostBits === address.value >> hostBits;
}

/** The steps for reading and comparing a range. */
const STEPS_A_RANGE = 400;

/** Whether one of the ranges, given as texts, contains the address. An invalid range contains none. */
export function anyRangeContains(ranges: readonly string[], address: IpAddress, steps: Steps): boolean {
  return ranges.some((text) => {
    steps.spend(STEPS_A_RANGE);
    const range = parseIpRange(text);
    return range !== undefined && rangeContains(range, address);
  });
}

/** Whether each of the inner ranges is within one of the outer ones. */
export function rangesCover(outer: readonly string[], inner: readonly string[], steps: Steps): boolean {
  return coverEach(outer, inner, (candidate, text) => rangeCovers(candidate, text, steps), steps);
}

function rangeCovers(outer: string, inner: string, steps: Steps): boolean {
  steps.spend(2 * STEPS_A_RANGE);
  const container = parseIpRange(outer);
  const range = parseIpRange(inner);
  if (container === undefined || range === undefined) return false;
  return container.prefix <= range.prefix && rangeContains(container, range);
}
