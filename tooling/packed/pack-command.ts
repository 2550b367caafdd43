// `node tooling/packed/pack-command.ts FOLDER`: the command with all our packages in one file, which npm and pnpm install globally.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pack, run } from './pack.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

const SERVER = 'server';
/** What the server's package needs of ours. */
const INSIDE = ['auth-core', 'client', 'engine', 'llama', 'mcp-bridge'];

/**
 * Packs the server with our other packages inside it (`bundleDependencies`), where the packages of others are its own
 * dependencies. A package manager looks for none of ours in a registry then, and what our packages need beside them
 * (`re2js`, `jose`, `kysely`) is found from wherever the file is installed. Returns the path of the file.
 */
export function packCommand(into: string): string {
  mkdirSync(into, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'latchkey-command-'));
  try {
    const root = unpack(pack(SERVER, work), join(work, 'package'));
    const inside = INSIDE.map((name) =>
      unpack(pack(name, work), join(work, 'package', 'node_modules', '@latchkey', name)),
    );
    const manifests = [root, ...inside];
    const ours = inside.map(({ name }) => name);
    const others = Object.fromEntries(
      manifests
        .flatMap(({ dependencies = {} }) => Object.entries(dependencies))
        .filter(([name]) => !ours.includes(name)),
    );
    const own = Object.fromEntries(inside.map(({ name, version }) => [name, version]));
    const manifest = { ...root, dependencies: { ...others, ...own }, bundleDependencies: ours };
    writeManifest(join(work, 'package'), manifest);
    for (const [index, name] of INSIDE.entries()) {
      // npm takes all that a bundled package depends on for a part of the bundle.
      const { dependencies, peerDependencies, peerDependenciesMeta, ...alone } = inside[index] ?? root;
      writeManifest(join(work, 'package', 'node_modules', '@latchkey', name), alone);
    }
    const file = resolve(into, `latchkey-command-${root.version}.tgz`);
    run('tar', ['-czf', file, '-C', work, 'package'], work);
    return file;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const writeManifest = (folder: string, manifest: object): void =>
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));

function unpack(tarball: string, folder: string): Manifest {
  mkdirSync(folder, { recursive: true });
  run('tar', ['-xzf', tarball, '-C', folder, '--strip-components', '1'], folder);
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

if (process.argv[1] === import.meta.filename) console.log(packCommand(process.argv[2] ?? '.'));
