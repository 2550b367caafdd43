import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const FOLDER = 'models/templates';

/** llama.cpp's collection of chat templates by name, from the git bundle that node-llama-cpp installs. */
export function readBundledTemplates(): ReadonlyMap<string, string> {
  const entry = createRequire(import.meta.url).resolve('node-llama-cpp');
  const bundle = join(dirname(entry), '..', 'llama', 'gitRelease.bundle');
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-templates-'));
  const git = (...args: string[]): void => {
    execFileSync('git', ['-c', 'core.autocrlf=false', ...args], { cwd: folder, stdio: 'ignore' });
  };
  try {
    git('clone', '--quiet', '--no-checkout', bundle, 'release');
    git('-C', 'release', 'checkout', '--quiet', 'HEAD', '--', FOLDER);
    const templates = join(folder, 'release', FOLDER);
    const names = readdirSync(templates).filter((name) => name.endsWith('.jinja'));
    return new Map(
      names.sort().map((name) => [name.replace(/\.jinja$/, ''), readFileSync(join(templates, name), 'utf8')]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
