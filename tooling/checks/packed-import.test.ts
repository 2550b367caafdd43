import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pack, run } from '../packed/pack.ts';
import { root } from './sources.ts';

interface Manifest {
  readonly name: string;
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

const packages = readdirSync(join(root, 'packages'));
const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest;

/** A folder as npm would install it: the packed files, and the declared dependencies beside them. */
const folder = mkdtempSync(join(tmpdir(), 'latchkey-packed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @returns the packed file */
function installPacked(name: string): string {
  const source = join(root, 'packages', name);
  const target = join(folder, 'node_modules', '@latchkey', name);
  const tarball = pack(name, folder);
  mkdirSync(target, { recursive: true });
  run('tar', ['-xzf', tarball, '--strip-components=1', '-C', target], folder);
  const { dependencies = {}, peerDependencies = {} } = manifestOf(name);
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
    const link = dependency.startsWith('@latchkey/')
      ? join(folder, 'node_modules', dependency)
      : join(source, 'node_modules', dependency);
    const at = join(target, 'node_modules', dependency);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(link, at, 'junction');
  }
  return tarball;
}

describe('the packages as npm would have them', { timeout: 120_000 }, () => {
  const packed = packages.map((name) => ({ name, tarball: installPacked(name) }));
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));

  const subpaths = packages.flatMap((name) => {
    const { exports, name: full } = manifestOf(name);
    return Object.keys(exports)
      .filter((subpath) => subpath !== './package.json')
      .map((subpath) => ({ specifier: join(full, subpath), full }));
  });
  const modules = subpaths.filter(({ specifier }) => !specifier.endsWith('.json'));
  const documents = subpaths.filter(({ specifier }) => specifier.endsWith('.json'));

  it.each(packed)('$name has types where its code is, for every way of finding them', ({ tarball }) => {
    const attw = join(root, 'tooling', 'node_modules', '.bin', 'attw');
    // Nothing is fetched: a package of ours has its own types.
    run(attw, [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-color', '--no-emoji'], folder);
  });

  it.each(modules)('$specifier can be imported', ({ specifier }) => {
    const names = run(
      process.execPath,
      ['--input-type=module', '-e', `console.log(Object.keys(await import('${specifier}')).length)`],
      folder,
    );
    expect(Number(names)).toBeGreaterThan(0);
  });

  it.each(modules)('$specifier has no default export', ({ specifier }) => {
    const names = run(
      process.execPath,
      ['--input-type=module', '-e', `console.log('default' in await import('${specifier}'))`],
      folder,
    );
    expect(names.trim()).toBe('false');
  });

  it.each(documents)('$specifier is there', ({ specifier }) => {
    const load = `await import('${specifier}', { with: { type: 'json' } })`;
    const title = run(process.execPath, ['--input-type=module', '-e', `console.log((${load}).default.title)`], folder);
    expect(title.trim()).toBe('Grant');
  });
});
