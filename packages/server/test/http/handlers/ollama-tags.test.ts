import type { Model } from '@latchkey/engine';
import { describedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { createTagReader } from '../../../src/http/handlers/ollama-tags.ts';

const model = (key: string): Model => ({
  ...{ key, publisher: 'x', name: key, names: [], sizeBytes: 1, resident: true, modifiedAt: 0 },
  description: describedModel(),
});
const read = createTagReader({
  list: async () => [model('x/tagged:latest'), model('x/plain')],
  resolve: (name) => (name === 'alias:latest' ? 'x/plain' : name),
});
/** A caller that may use one model. */
const mayUse = (key: string) => ({
  decide: ({ models }: { readonly models?: unknown }) => ({ allowed: models === key }) as never,
});

describe('a name with the tag latest', () => {
  it.each([
    ['x/plain:latest', 'x/plain'],
    ['x/plain', 'x/plain'],
    ['x/absent:latest', 'x/absent'],
    ['x/plain:q4', 'x/plain:q4'],
    ['alias:latest', 'alias:latest'],
  ])('%s is %s', async (name, key) => {
    expect(await read(mayUse('x/plain'), 'chat', name)).toBe(key);
  });

  it('is a key of its own for a caller that may use that model, and for no other', async () => {
    expect(await read(mayUse('x/tagged:latest'), 'chat', 'x/tagged:latest')).toBe('x/tagged:latest');
    expect(await read(mayUse('x/plain'), 'chat', 'x/tagged:latest')).toBe('x/tagged');
  });
});
