import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { operating } from '../../e2e/requirements-operating.ts';
import { root } from './sources.ts';

const page = readFileSync(join(root, 'docs/operating.md'), 'utf8');
const textOf = (path: string): string => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');

/** The lines of the page that name an end-to-end test: its title, and the file of scenarios that it is in. */
const scenarios = [
  ...page.matchAll(/^- `e2e\/requirements-operating\.ts`: “(.+)” \(`(e2e\/scenarios\/[\w-]+\.test\.ts)`\)$/gm),
].map(([, title = '', file = '']) => ({ title, file }));
const promises = operating.flatMap(({ source, promises }) =>
  source === 'docs/operating.md' ? Object.entries(promises) : [],
);

describe('the promises of docs/operating.md', () => {
  it('name all their end-to-end tests, and no others', () => {
    expect(scenarios.map(({ title }) => title).sort()).toEqual(promises.map(([, title]) => title).sort());
  });

  it.each(promises)('%s is proved in the file that the page names', (id, title) => {
    const { file = '' } = scenarios.find((scenario) => scenario.title === title) ?? {};
    expect(textOf(file)).toMatch(new RegExp(`verifies\\(\\s*'${id.replaceAll('.', '\\.')}'`));
  });

  const others = [...page.matchAll(/^- `((?!e2e\/requirements)[\w/.-]+\.test\.ts)`: “(.+)”$/gm)].map(
    ([, file = '', title = '']) => [file, title] as const,
  );
  it('name other tests, too', () => expect(others.length).toBeGreaterThan(10));

  it.each(others)('%s has the test “%s”', (file, title) => {
    expect(textOf(file).replaceAll(/\\'/g, "'")).toContain(title);
  });
});
