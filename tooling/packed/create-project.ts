import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalRegistry } from './local-registry.ts';

const execute = promisify(execFile);

/** A project outside the workspace, in which packages are installed. */
export interface Project extends Disposable {
  readonly path: string;
  /** Copies a program into the project, runs it there with Node, and returns its output. Rejects when it fails. */
  run(program: string, environment?: Readonly<Record<string, string>>): Promise<string>;
}

/**
 * Makes an empty project and installs packages into it with npm, by name and version, as a user would.
 *
 * @example
 * ```ts
 * await using registry = await startLocalRegistry(['auth-core', 'koa-auth']);
 * using project = await createProject(registry, { '@latchkey/koa-auth': '*', koa: '3.3.0' });
 * console.log(await project.run(join(import.meta.dirname, 'program.ts')));
 * ```
 */
export async function createProject(
  registry: LocalRegistry,
  dependencies: Readonly<Record<string, string>>,
): Promise<Project> {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-project-'));
  const manifest = { name: 'project', version: '1.0.0', private: true, type: 'module', dependencies };
  writeFileSync(join(path, 'package.json'), JSON.stringify(manifest));
  // This machine's npm settings, including proxies, are for other registries.
  const env = { PATH: process.env.PATH, HOME: path };
  await execute(
    'npm',
    ['install', '--registry', registry.url, '--cache', join(path, '.npm'), '--no-audit', '--no-fund'],
    { cwd: path, env },
  );
  return {
    path,
    async run(program, environment = {}) {
      const copied = join(path, basename(program));
      copyFileSync(program, copied);
      const { stdout } = await execute(process.execPath, [copied], { cwd: path, env: { ...env, ...environment } });
      return stdout;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
