import { describe, expect, it } from 'vitest';
import type { Authority, GrantLimits } from '../../src/index.ts';
import { listCountedLimits as listOf, readDefinitions } from '../../src/limits/counted-limits.ts';
import { llm } from '../words.ts';

const listCountedLimits = (authority: Authority, now: number) => listOf(readDefinitions(llm.limits), authority, now);
const at = (time: string) => Date.parse(time);
const entry = (limits: GrantLimits, id?: string, source = 'token a') => ({
  grant: { actions: [], limits },
  source,
  ...(id !== undefined && { id }),
});

function endOf(limits: GrantLimits, time: string): string {
  const counter = listCountedLimits([entry(limits, 'a')], at(time))[0]?.counter;
  return new Date(counter?.kind === 'window' ? counter.windowEnd : Number.NaN).toISOString();
}

describe('listCountedLimits', () => {
  it('finds the counted limits of every grant, and leaves the others to the decision', () => {
    const authority: Authority = [
      entry({ requestsPerMinute: 600 }, 'policy', 'server policy'),
      { grant: { actions: [] }, source: 'token b', id: 'b' },
      entry({ weight: 2, maxOutputTokens: 5, toolCallsPerRequest: 5, concurrentRequests: 2 }, 'a'),
    ];
    expect(listCountedLimits(authority, 0)).toEqual([
      {
        name: 'requestsPerMinute',
        definition: { kind: 'rate', window: 'minute', windowSeconds: 60 },
        source: 'server policy',
        limit: 600,
        counter: { kind: 'window', key: 'requestsPerMinute policy', windowEnd: 60_000 },
      },
      {
        name: 'concurrentRequests',
        definition: { kind: 'concurrency', unit: 'concurrent-requests' },
        source: 'token a',
        limit: 2,
        counter: { kind: 'lease', key: 'concurrentRequests a' },
      },
    ]);
  });

  it('leaves out what a request brings along: nobody has used anything of it before', () => {
    expect(listCountedLimits([entry({ requestsPerMinute: 1 })], 0)).toEqual([]);
  });

  it('holds to the stricter of two grants that count the same use', () => {
    const strictest = (...authority: Authority) =>
      listCountedLimits(authority, 0).map(({ source, limit }) => `${source} ${limit}`);
    const [wide, narrow] = [
      entry({ tokensPerDay: 9 }, 'a', 'token a'),
      entry({ tokensPerDay: 3 }, 'a', 'caveat of token a'),
    ];
    expect(strictest(wide, narrow)).toEqual(['caveat of token a 3']);
    expect(strictest(narrow, wide)).toEqual(['caveat of token a 3']);
  });

  it.each([
    ['2027-01-31T23:59:59.999Z', '2027-02-01T00:00:00.000Z'],
    ['2027-02-01T00:00:00Z', '2027-02-01T00:01:00.000Z'],
    ['2027-02-01T00:00:59Z', '2027-02-01T00:01:00.000Z'],
  ])('counts minutes of UTC: at %s until %s', (now, end) => {
    expect(endOf({ requestsPerMinute: 1 }, now)).toBe(end);
  });

  it.each([
    ['2027-02-28T23:59:59.999Z', '2027-03-01T00:00:00.000Z'],
    ['2028-02-28T12:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['2027-03-01T00:00:00Z', '2027-03-02T00:00:00.000Z'],
  ])('counts days of UTC: at %s until %s', (now, end) => {
    expect(endOf({ tokensPerDay: 1 }, now)).toBe(end);
  });

  it.each([
    ['2027-02-28T23:59:59.999Z', '2027-03-01T00:00:00.000Z'],
    ['2027-03-01T00:00:00Z', '2027-04-01T00:00:00.000Z'],
    ['2027-12-31T23:00:00Z', '2028-01-01T00:00:00.000Z'],
  ])('counts months of UTC: at %s until %s', (now, end) => {
    expect(endOf({ tokensPerMonth: 1 }, now)).toBe(end);
  });
});
