import { describe, expect, it } from 'vitest';
import { createAuth, createMemoryTokenStore, type Grant } from '../../src/index.ts';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';
import { llm } from '../words.ts';

const digestKey = new Uint8Array(32).fill(1);

/** A token whose record holds a grant that was accepted by a version with wider bounds. */
async function withStored(grant: Grant) {
  const store = createMemoryTokenStore();
  const auth = createAuth({ vocabulary: llm, store, digestKey, patterns: re2jsPatterns, cacheMilliseconds: 0 });
  const { token, record } = await auth.issue({ name: 'old', grant: { actions: [] } }, auth.operator());
  const stored = await store.find(record.id);
  if (stored !== undefined) await store.update({ ...stored, grant, version: stored.version + 1 }, stored.version);
  return { auth, principal: await auth.verify(token) };
}

describe('a grant that was stored before there were bounds', () => {
  it('is read, whatever the number of globs and stars', async () => {
    const models = [...Array.from({ length: 600 }, (_, index) => `m${index}`), '*a*b*c*d*e*f*g*h*i*j'];
    const { auth, principal } = await withStored({ actions: ['chat'], models });
    for (const model of ['m599', 'abcdefghij']) {
      expect(auth.decide(principal, { action: 'chat', models: model })).toMatchObject({ allowed: true });
    }
  });

  it('is read where a pattern is too dear, and denies what that would have to allow', async () => {
    const tools = { a: { arguments: { q: { pattern: `[${'\\pL'.repeat(100)}]` } } }, b: {} };
    const { auth, principal } = await withStored({ actions: ['chat'], mcp: { s: { tools } } });
    const decide = (name: string) =>
      auth.decide(principal, { action: 'chat', mcp: { server: 's', name, arguments: { q: 'a' } } });
    expect(decide('b')).toMatchObject({ allowed: true });
    expect(decide('a')).toMatchObject({ allowed: false, reason: expect.stringContaining('too large') });
  });
});
