import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { manifestIn, pack } from './pack.ts';

const root = join(import.meta.dirname, '..', '..');

/** A package registry on this machine. */
export interface LocalRegistry extends AsyncDisposable {
  readonly url: string;
  /** The versions of a package that can be installed, the oldest first. */
  versionsOf(name: string): readonly string[];
}

/** One version of a package: its manifest, and a command that writes it as a gzipped tar archive to standard output. */
interface Version {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly archive: readonly [command: string, ...args: readonly string[]];
}

type Versions = ReadonlyMap<string, Version>;

/**
 * Starts a registry for npm that has the named packages of this workspace as they are published, and the versions of
 * all other packages that are installed in the workspace. This tests the installation of the published packages by npm
 * without a network, and with the versions of the lockfile.
 */
export async function startLocalRegistry(packages: readonly string[]): Promise<LocalRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-registry-'));
  const own = new Map(packages.map((name) => packed(pack(name, folder))));
  const find = (name: string): Versions => own.get(name) ?? installed(name);

  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '', 'http://registry').pathname).slice(1);
    const [name = '', version] = path.split('/-/');
    const versions = find(name);
    if (version !== undefined) return send(response, versions.get(version)?.archive);
    if (versions.size === 0) return void response.writeHead(404).end('{}');
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(describe(url, name, versions)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    versionsOf: (name) => [...find(name).keys()].sort(byVersion),
    async [Symbol.asyncDispose]() {
      server.close().closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function packed(file: string): readonly [name: string, versions: Versions] {
  const manifest = manifestIn(file);
  return [String(manifest.name), new Map([[String(manifest.version), { manifest, archive: ['cat', file] }]])];
}

function installed(name: string): Versions {
  const places = globSync(`node_modules/.pnpm/${name.replace('/', '+')}@*/node_modules/${name}`, { cwd: root });
  return new Map(
    places.map((place) => {
      const path = join(root, place);
      const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Record<string, unknown>;
      const archive = ['tar', '-cz', '-C', dirname(path), '--exclude=node_modules', basename(path)] as const;
      return [String(manifest.version), { manifest, archive }];
    }),
  );
}

/** The document that npm first requests about a package. */
function describe(url: string, name: string, versions: Versions): unknown {
  return {
    name,
    'dist-tags': { latest: [...versions.keys()].sort(byVersion).at(-1) },
    versions: Object.fromEntries(
      [...versions].map(([version, { manifest }]) => [
        version,
        { ...manifest, dist: { tarball: `${url}/${name}/-/${version}` } },
      ]),
    ),
  };
}

function send(response: ServerResponse, archive: Version['archive'] | undefined): void {
  if (archive === undefined) return void response.writeHead(404).end();
  const [command, ...args] = archive;
  spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout.pipe(response);
}

function byVersion(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true });
}
