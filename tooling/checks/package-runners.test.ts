import { describe, expect, it } from 'vitest';
import { readSources } from './sources.ts';

/** Programs of a development checkout, which are already installed where these commands run. */
const installed = ['vitest', 'biome', 'tsc', 'turbo'];
const runners = ['npx', 'bunx', 'pnpx', 'uvx', 'dlx'];

/** The packages that the commands and files of a page fetch and run. */
function packagesIn(page: string): readonly string[] {
  const code = [...page.matchAll(/```[^`]*```|`[^`\n]+`/g)].map(([text]) => text);
  return code.flatMap((text) => {
    const words = text.split(/[\s"'`,:[\]{}()|]+/).filter((word) => word !== '' && word !== 'args');
    return words.flatMap((word, index) => {
      const name = runners.includes(word) ? words.slice(index + 1).find((next) => !next.startsWith('-')) : undefined;
      return name === undefined ? [] : [name];
    });
  });
}

describe('a package that a page has people run', () => {
  const pages = readSources('*.md', 'docs/*.md', 'packages/*/README.md', 'examples/**/*.md');

  it('has a scope, whose names nobody else can take', () => {
    const named = pages.flatMap(({ path, text }) => packagesIn(text).map((name) => ({ path, name })));
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(({ name }) => !/^@[\w-]+\/[\w.-]+/.test(name) && !installed.includes(name))).toEqual([]);
  });

  it.each([
    ['`npx latchkey serve`', ['latchkey']],
    ['```json\n"command": "npx", "args": ["-y", "mcp-files", "/srv"]\n```', ['mcp-files']],
    ['`"command": "npx", "args": ["@scope/files"]`', ['@scope/files']],
    ['```sh\nnpx -y @scope/files /srv\npnpm dlx other\n```', ['@scope/files', 'other']],
    ['`npx` and its like', []],
  ])('is found in %j', (text, names) => {
    expect(packagesIn(text)).toEqual(names);
  });
});
