import { describe, expect, it } from 'vitest';
import { requirements } from '../../e2e/requirements.ts';
import { readSources } from './sources.ts';

describe('docs/compatibility.md', () => {
  it('names promises that there are', () => {
    const promised = requirements.flatMap(({ promises }) => Object.keys(promises));
    const [page] = readSources('docs/compatibility.md');
    const named = [...(page?.text ?? '').matchAll(/\| `([a-z-]+\.[a-z-]+)`/g)].map(([, id]) => id);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((id) => !promised.includes(id ?? ''))).toEqual([]);
  });
});
