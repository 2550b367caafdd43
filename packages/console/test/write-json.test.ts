import { expect, it } from 'vitest';
import { differences } from '../src/parts/differences.ts';
import { writeJson } from '../src/parts/write-json.ts';

/** What turns a text around, joins nothing, is no space and is a tag: a person sees none of it. */
const HIDDEN = ['\u202e', '\u2066', '\u200b', '\u2060', '\u00ad', '\u{e0041}', '\u2028'];

it.each(HIDDEN)('JSON has nothing that a person could not see, and means the same: %j', (hidden) => {
  const value = { [`a${hidden}b`]: [`rm ${hidden}x`, { deep: hidden }] };
  for (const indent of [0, 2]) {
    const written = writeJson(value, indent);
    expect(written).not.toContain(hidden);
    expect(JSON.parse(written)).toEqual(value);
  }
});

it('arguments that differ in what a person could not see are shown as different', () => {
  const [difference] = differences({ path: '/a' }, { path: '/a\u200b' });
  expect(difference).toEqual({ name: 'path', before: '"/a"', after: '"/a\\u200b"' });
});
