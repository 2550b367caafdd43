import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSources, root } from './sources.ts';

/** The code blocks of docstrings and of the most important pages. */
function findExamples(): readonly { readonly from: string; readonly code: string }[] {
  const docstrings = readSources('packages/*/src/**/*.ts').flatMap(({ path, text }) =>
    [...text.matchAll(/\n( *)\* ```ts\n([\s\S]*?)\n *\* ```/g)].map((match) => ({
      from: path,
      code: (match[2] ?? '').replace(/^ *\* ?/gm, ''),
    })),
  );
  const pages = readSources('README.md', 'packages/*/README.md', 'docs/*.md').flatMap(({ path, text }) =>
    [...text.matchAll(/\n```ts\n([\s\S]*?)\n```/g)].map((match) => ({ from: path, code: match[1] ?? '' })),
  );
  return [...docstrings, ...pages];
}

it('every example in a docstring, the README and the docs compiles', { timeout: 120_000 }, () => {
  const examples = findExamples();
  expect(examples.length).toBeGreaterThan(5);
  // From here every public package can be imported by its name.
  const folder = join(root, 'tooling', 'node_modules', '.examples');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const names = new Map<string, string>();
  examples.forEach(({ from, code }, index) => {
    const name = `example-${String(index).padStart(3, '0')}.mts`;
    names.set(name, from);
    writeFileSync(join(folder, name), `${code}\nexport {};\n`);
  });
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../../tooling/tsconfig/base.json',
      compilerOptions: { noEmit: true, types: ['node'], noUnusedLocals: false, noUnusedParameters: false },
      include: ['*.mts'],
    }),
  );
  const result = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], {
    encoding: 'utf8',
    cwd: folder,
  });
  const report = result.stdout.replace(/example-\d+\.mts/g, (name) => `${names.get(name)} (${name})`);
  expect(report).toBe('');
  expect(result.status).toBe(0);
});
