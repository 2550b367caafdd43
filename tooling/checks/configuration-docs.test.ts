import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './sources.ts';

const SECTIONS = ['oauth', 'ephemeralMcp', 'engine', 'downloads', 'limits', 'audit', 'retention'];

/** Reads the keys of the configuration's zod schema from its source: `a`, `b.c`. */
function configurationKeys(): readonly string[] {
  const source = readFileSync(join(root, 'packages/server/src/config/schema.ts'), 'utf8');
  const body = source.slice(source.indexOf('configSchema'), source.indexOf('export type ServerConfig'));
  let section = '';
  return body.split('\n').flatMap((line) => {
    const [, indent = '', key = ''] = /^( +)([a-zA-Z]+): z?\.?/.exec(line) ?? [];
    const opens = /^ {2}[a-zA-Z]+: z$/.test(line);
    if (opens) section = key;
    if (indent.length === 2) return opens && SECTIONS.includes(key) ? [] : [key];
    return indent.length === 6 && SECTIONS.includes(section) ? [`${section}.${key}`] : [];
  });
}

it('docs/configuration.md has every setting', () => {
  const keys = configurationKeys();
  const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
  expect(keys.length).toBeGreaterThan(15);
  expect(keys.filter((key) => !new RegExp(`\\| *\`${key}\` *\\|`).test(page))).toEqual([]);
});
