import { expect, it } from 'vitest';
import { differences } from '../src/parts/differences.ts';

it('arguments differ where one is changed, added or removed', () => {
  const before = { path: '/a', mode: 1, same: [1] };
  const after = { path: '/b', same: [1], more: true };
  expect(differences(before, after)).toEqual([
    { name: 'path', before: '"/a"', after: '"/b"' },
    { name: 'mode', before: '1', after: undefined },
    { name: 'more', before: undefined, after: 'true' },
  ]);
});
