import { describe, expect, it } from 'vitest';
import { Backends } from '../../../src/engines/upstream/backends.ts';

const URLS = ['http://one/v1', 'http://two/v1', 'http://three/v1'];
const NONE: ReadonlySet<string> = new Set();
const newBackends = (urls: readonly string[] = URLS): Backends => new Backends(urls, () => 0);
const PREFIXES = Array.from({ length: 300 }, (_, index) => `conversation ${index}`);

describe('a choice among servers', () => {
  it('is the same for the same beginning of a conversation, and spreads conversations', () => {
    const backends = newBackends();
    const chosen = PREFIXES.map((prefix) => {
      using visit = backends.visit(prefix, NONE);
      using again = backends.visit(prefix, NONE);
      expect(again?.url).toBe(visit?.url);
      return visit?.url;
    });
    for (const url of URLS) expect(chosen.filter((one) => one === url).length).toBeGreaterThan(60);
  });

  it('moves only the conversations of a server that goes', () => {
    const at = (backends: Backends, prefix: string) => {
      using visit = backends.visit(prefix, NONE);
      return visit?.url;
    };
    const [all, fewer] = [newBackends(), newBackends(URLS.slice(1))];
    for (const prefix of PREFIXES) {
      if (at(all, prefix) !== URLS[0]) expect(at(fewer, prefix)).toBe(at(all, prefix));
    }
  });

  it('is another one where that has clearly less to do', () => {
    const backends = newBackends();
    const running = Array.from({ length: 30 }, () => backends.visit('one conversation', NONE)?.url);
    const counts = URLS.map((url) => running.filter((one) => one === url).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(3);
  });

  it('is none that has failed at this request', () => {
    const backends = newBackends();
    const tried = new Set<string>();
    for (let visit = backends.visit('a', tried); visit !== undefined; visit = backends.visit('a', tried))
      tried.add(visit.url);
    expect([...tried].sort()).toEqual([...URLS].sort());
  });
});
