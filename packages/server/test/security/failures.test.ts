import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { knownFailures } from './failures.ts';

const root = new URL('../../../../', import.meta.url);
/** A title as it is written in a file, whatever quotes it stands in. */
const plain = (text: string) => text.replaceAll("\\'", "'");

it.each(knownFailures)('there is a test against: $failure', ({ file, title }) => {
  const titles = Array.from(
    plain(readFileSync(new URL(file, root), 'utf8')).matchAll(/(?:it|describe|\))\S*\(\s*['"`](.+)['"`],/g),
    ([, found]) => found,
  );
  expect(titles).toContain(title);
});

it('no failure is on the list twice', () => {
  expect(new Set(knownFailures.map(({ failure }) => failure)).size).toBe(knownFailures.length);
});
