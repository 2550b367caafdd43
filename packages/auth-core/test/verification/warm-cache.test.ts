import { describe, expect, it, vi } from 'vitest';
import { operatorPrincipal } from '../../src/principal.ts';
import { findTextHash } from '../../src/verification/text-hash.ts';
import { createWarmCache } from '../../src/verification/warm-cache.ts';
import { llm } from '../words.ts';

const entry = (id: string) => ({
  chain: ['root', id],
  tokens: [id],
  kinds: ['api-key' as const],
  principal: Promise.resolve(operatorPrincipal(llm)),
  readAt: 0,
  endsAt: Number.POSITIVE_INFINITY,
});

describe('a warm cache', () => {
  it('forgets the oldest when it is full', () => {
    const cache = createWarmCache(500, (text) => text, 2);
    for (const id of ['a', 'b', 'c']) cache.remember(id, entry(id), cache.mark());
    expect(['a', 'b', 'c'].map((id) => cache.find(id, 0)?.tokens[0])).toEqual([undefined, 'b', 'c']);
  });

  it('takes what was remembered again for new', () => {
    const cache = createWarmCache(500, (text) => text, 2);
    for (const id of ['a', 'b', 'a', 'c']) cache.remember(id, entry(id), cache.mark());
    expect(['a', 'b', 'c'].map((id) => cache.find(id, 0)?.tokens[0])).toEqual(['a', undefined, 'c']);
  });

  it('drops all the texts of a token, and no others', () => {
    const cache = createWarmCache(500);
    for (const text of ['one', 'two']) cache.remember(text, entry('a'), cache.mark());
    cache.remember('three', entry('b'), cache.mark());
    expect(cache.drop('a')).toBe(true);
    expect(cache.drop('a')).toBe(false);
    expect(['one', 'two', 'three'].map((text) => cache.find(text, 0)?.tokens[0])).toEqual([undefined, undefined, 'b']);
  });

  it('does not remember what was read before something that it comes from was dropped', () => {
    const cache = createWarmCache(500);
    const mark = cache.mark();
    cache.drop('root');
    cache.remember('text', entry('a'), mark);
    expect(cache.find('text', 0)).toBeUndefined();
    cache.drop('another');
    cache.remember('text', entry('a'), cache.mark());
    expect(cache.find('text', 0)).toBeDefined();
  });

  it('takes nothing for fresh that was read at a time which has not come yet', () => {
    const cache = createWarmCache(500);
    cache.remember('text', { ...entry('a'), readAt: 1000 }, cache.mark());
    expect([999, 1000, 1499, 1500].map((now) => cache.find('text', now) !== undefined)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('remembers nothing without a hash', () => {
    vi.stubGlobal('process', undefined);
    const cache = createWarmCache(500);
    cache.remember('text', entry('a'), cache.mark());
    expect(cache.find('text', 0)).toBeUndefined();
    vi.unstubAllGlobals();
  });

  it('finds a hash where the platform has one, and none where it has not', () => {
    expect(findTextHash()?.('')).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
    for (const process of [undefined, {}, { getBuiltinModule: () => undefined }, { getBuiltinModule: () => ({}) }]) {
      vi.stubGlobal('process', process);
      expect(findTextHash()).toBeUndefined();
    }
    vi.unstubAllGlobals();
  });
});
