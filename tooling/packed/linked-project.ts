import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pack, run } from './pack.ts';

const installed = join(import.meta.dirname, '..', 'node_modules');

/** A project outside the workspace, in which packed packages lie beside links to installed ones. */
export interface LinkedProject extends Disposable {
  readonly path: string;
  /** Copies files and folders into the project. */
  add(...paths: readonly string[]): void;
  /** Runs a program there, and returns its output. Throws with all output when it fails. */
  run(command: string, args: readonly string[]): string;
}

/**
 * Makes a project with packages of this workspace as they are published, unpacked. Other packages are links, which
 * takes no time: a project that installs them is `createProject`.
 *
 * @param type how its JavaScript files are read
 */
export function createLinkedProject(
  packages: readonly string[],
  links: readonly string[],
  type: 'module' | 'commonjs' = 'module',
): LinkedProject {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-linked-'));
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name: 'project', private: true, type }));
  for (const name of packages) {
    const target = join(path, 'node_modules', '@latchkey', name);
    mkdirSync(target, { recursive: true });
    run('tar', ['-xzf', pack(name, path), '--strip-components=1', '-C', target], path);
  }
  for (const link of links) {
    const at = join(path, 'node_modules', link);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(join(installed, link), at, 'junction');
  }
  return {
    path,
    add(...added) {
      for (const file of added) cpSync(file, join(path, basename(file)), { recursive: true });
    },
    run: (command, args) => run(command, args, path),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
