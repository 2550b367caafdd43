import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { manifestIn, run } from '../packed/pack.ts';
import { packCommand } from '../packed/pack-command.ts';
import { root } from './sources.ts';

/** Packing builds nothing, and takes seconds for each package. */
const PATIENCE_MILLISECONDS = 180_000;

const PACKAGES = ['auth-core', 'client', 'engine', 'llama', 'mcp-bridge', 'server'];

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface BundledManifest extends Manifest {
  readonly bundleDependencies: readonly string[];
}

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-global-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Puts what a package depends on below it, as package managers do; the packages of others are those of the workspace. */
function addDependencies(folder: string, names: readonly string[], holders: readonly string[]): void {
  for (const name of names) {
    const [found] = holders.flatMap((holder) => {
      const path = join(root, 'packages', holder, 'node_modules', name);
      return existsSync(path) ? [path] : [];
    });
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(found ?? expect.fail(`${name} is nowhere`), join(folder, 'node_modules', name));
  }
}

/** Makes a token in a data folder of its own, which loads all that an installation is opened with. */
function makesToken(command: string): void {
  const data = join(temporaryFolder(), 'data');
  const made = run(process.execPath, [command, 'token', 'create', 'ci', '--data', data, '--json'], root);
  expect(JSON.parse(made)).toMatchObject({ name: 'ci' });
}

it(
  'the packed packages work beside each other, each with its own dependencies alone, as npm installs them globally',
  () => {
    const place = join(temporaryFolder(), 'node_modules', '@latchkey');
    for (const name of PACKAGES) {
      const own = join(root, 'packages', name);
      const manifest = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as Manifest;
      for (const part of ['package.json', 'dist', ...(name === 'server' ? ['bin'] : [])]) {
        cpSync(join(own, part), join(place, name, part), { recursive: true });
      }
      const others = Object.keys(manifest.dependencies ?? {}).filter((each) => !each.startsWith('@latchkey/'));
      addDependencies(join(place, name), others, [name]);
    }
    makesToken(join(place, 'server', 'bin', 'latchkey.js'));
  },
  PATIENCE_MILLISECONDS,
);

it(
  'the command in one file works with what its manifest depends on, in an order that package managers choose',
  () => {
    const folder = temporaryFolder();
    const file = packCommand(folder);
    const { dependencies = {}, bundleDependencies } = manifestIn(file) as unknown as BundledManifest;
    expect(bundleDependencies).toEqual(PACKAGES.filter((name) => name !== 'server').map((name) => `@latchkey/${name}`));
    const others = Object.keys(dependencies).filter((name) => !bundleDependencies.includes(name));
    // The packages of others are beside the command's, as pnpm has it, and not below it.
    const place = join(folder, 'node_modules', '@latchkey', 'server');
    mkdirSync(place, { recursive: true });
    run('tar', ['-xzf', file, '-C', place, '--strip-components', '1'], folder);
    addDependencies(folder, others, PACKAGES);
    makesToken(join(place, 'bin', 'latchkey.js'));
  },
  PATIENCE_MILLISECONDS,
);
