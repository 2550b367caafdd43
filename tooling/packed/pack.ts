import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const packages = join(import.meta.dirname, '..', '..', 'packages');

/** Packs a package as it is published, and returns the path of the file. */
export function pack(name: string, into: string): string {
  const packed = run('pnpm', ['pack', '--pack-destination', into], join(packages, name));
  return packed.match(/\S+\.tgz/)?.[0] ?? fail(`pnpm pack does not name the file:\n${packed}`);
}

/** Reads the manifest that is in a packed file, in which the ranges of versions are written out. */
export function manifestIn(tarball: string): Readonly<Record<string, unknown>> {
  return JSON.parse(run('tar', ['-xOzf', tarball, 'package/package.json'], packages)) as Record<string, unknown>;
}

/** Runs a program to its end and returns its output. Throws when it fails. */
export function run(command: string, args: readonly string[], cwd: string): string {
  const result = spawnSync(command, [...args], { cwd, encoding: 'utf8' });
  if (result.error) throw result.error;
  if (result.status !== 0) fail(`${command} ${args.join(' ')}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

function fail(problem: string): never {
  throw new Error(problem);
}
