import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../packages/auth-core/test/postgres/test-database.ts';
import { createProject } from '../packed/create-project.ts';
import { type LocalRegistry, startLocalRegistry } from '../packed/local-registry.ts';
import { pack, run } from '../packed/pack.ts';
import { root } from './sources.ts';

const execute = promisify(execFile);
const PACKED = join(import.meta.dirname, '..', 'packed');
const EXAMPLES = join(root, 'examples');
const INVOICES = join(EXAMPLES, 'invoices');
const HOSTS = ['express', 'fastify', 'hono', 'fetch', 'koa'];
const AUTH_CORE = '@latchkey/auth-core';

interface Manifest {
  readonly name: string;
  readonly files: readonly string[];
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const packages = readdirSync(join(root, 'packages'));
const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest;

/** The peer dependencies of these packages, each with its range. */
const peers = Object.fromEntries(
  ['auth-core', 'koa-auth'].flatMap((name) =>
    Object.entries(manifestOf(name).peerDependencies ?? {}).filter(([peer]) => !peer.startsWith('@latchkey/')),
  ),
);

const versionsAt = {
  oldest: (range: string): string => /\d+\.\d+\.\d+/.exec(range)?.[0] ?? expect.fail(`${range} has no beginning`),
  // Every version that is installed here is within the range, and the lockfile has the newest.
  newest: (_: string, installed: readonly string[]): string => installed.at(-1) ?? expect.fail('is not installed'),
};

let registry: LocalRegistry;
beforeAll(async () => {
  registry = await startLocalRegistry(['auth-core', 'koa-auth']);
});
afterAll(() => registry[Symbol.asyncDispose]());

const DONE = {
  verified: 'ci',
  patterns: [true, false],
  offline: 'ci',
  answers: [
    '401 {"code":"AUTH_TOKEN_MISSING"}',
    '200 {"hello":"ci"}',
    '429 {"code":"AUTH_LIMIT_EXCEEDED"}',
    '401 {"code":"AUTH_TOKEN_REVOKED"}',
  ],
  audit: ['token.issued', 'token.exchanged', 'token.revoked'],
  intact: true,
};

describe('the packed packages, installed in an empty project', { timeout: 180_000 }, () => {
  it.each(['oldest', 'newest'] as const)('work with the %s versions of what they expect beside them', async (end) => {
    const versions = Object.entries(peers).map(
      ([name, range]) => [name, versionsAt[end](range, registry.versionsOf(name))] as const,
    );
    for (const [name, version] of versions) expect(registry.versionsOf(name), name).toContain(version);
    using project = await createProject(registry, {
      [AUTH_CORE]: '*',
      '@latchkey/koa-auth': '*',
      ...Object.fromEntries(versions),
    });
    const { url } = await createTestDatabase();
    const done = JSON.parse(await project.run(join(PACKED, 'use-packages.ts'), { POSTGRES: url })) as unknown;
    expect(done).toEqual({ sqlite: DONE, postgres: DONE });
    // The example of docs/library.md, with its files beside its program.
    cpSync(INVOICES, project.path, { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
    expect(await project.run(join(INVOICES, 'main.ts'))).toBe(readFileSync(join(INVOICES, 'output.txt'), 'utf8'));
    // Each adapter passes its contract with these versions.
    for (const part of [...HOSTS, 'app-parts.ts', 'listen.ts']) {
      cpSync(join(EXAMPLES, part), join(project.path, part), { recursive: true });
    }
    const kept = JSON.parse(await project.run(join(EXAMPLES, 'hold-contract.ts'))) as Readonly<Record<string, number>>;
    expect(Object.keys(kept)).toEqual(HOSTS);
  });

  it('are installed without a network from a folder with their files and a cache, as docs/operating.md has it', async () => {
    const [online, offline] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'latchkey-folder-'))) as [string, string];
    onTestFinished(() => {
      for (const path of [online, offline]) rmSync(path, { recursive: true, force: true });
    });
    for (const name of ['auth-core', 'koa-auth']) pack(name, online);
    const files = readdirSync(online).map((file) => `./${file}`);
    const npm = (folder: string, ...flags: readonly string[]): Promise<unknown> =>
      // This machine's npm settings, including proxies, are for other registries.
      execute('npm', [...flags, '--cache', join(folder, 'cache'), '--no-audit', '--no-fund'], {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder },
      });
    writeFileSync(join(online, 'package.json'), '{ "private": true, "type": "module" }');
    await npm(online, 'install', '--registry', registry.url, ...files, 'koa', 'jose', 'kysely', 're2js');
    for (const name of ['package.json', 'package-lock.json', 'cache', ...files]) {
      cpSync(join(online, name), join(offline, name), { recursive: true });
    }
    // Nothing listens there: whatever is asked for fails.
    await npm(offline, 'install', '--offline', '--registry', 'http://127.0.0.1:9');
    cpSync(join(PACKED, 'open-doors.ts'), join(offline, 'open-doors.ts'));
    const { stdout } = await execute(process.execPath, ['open-doors.ts'], { cwd: offline });
    expect(JSON.parse(stdout)).toMatchObject({ '.': 'opens', './open': 'opens', './jwt': 'opens' });
  });

  it('work without any of that, and a door that needs a package names it', async () => {
    using project = await createProject(registry, { [AUTH_CORE]: '*' });
    expect(JSON.parse(await project.run(join(PACKED, 'open-doors.ts')))).toEqual({
      '.': 'opens',
      './checked-keys': 'opens',
      './erasure': 'opens',
      './express': 'opens',
      './fastify': 'opens',
      './fetch': 'opens',
      './hono': 'opens',
      './http': 'opens',
      './llm': 'opens',
      './testing': 'opens',
      './jwt': "Cannot find package 'jose'",
      './private-files': 'opens',
      './import': 'opens',
      './keys': 'opens',
      './token-api': 'opens',
      './upkeep': 'opens',
      './open': "Cannot find package 'kysely'",
      './stores/kysely': "Cannot find package 'kysely'",
      './stores/sqlite': "Cannot find package 'kysely'",
      './stores/postgres': "Cannot find package 'kysely'",
      './patterns/re2js': "Cannot find package 're2js'",
    });
  });
});

describe('a packed package', () => {
  it('has its changelog with it, once a release has written one', () => {
    const copy = mkdtempSync(join(tmpdir(), 'latchkey-changelog-'));
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
    for (const file of ['package.json', 'README.md']) cpSync(join(root, 'packages/auth-core', file), join(copy, file));
    writeFileSync(join(copy, 'CHANGELOG.md'), '# Changes\n');
    expect(run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], copy)).toContain('"CHANGELOG.md"');
    for (const name of packages) expect(manifestOf(name).files, name).toContain('CHANGELOG.md');
  });

  // The project has no public address yet. With one, all packages get `repository`, `homepage` and `bugs`.
  it.each(packages)('%s says what a registry shows of it', (name) => {
    const told = Object.keys(manifestOf(name)).filter((field) => SHOWN.includes(field));
    expect(told.sort()).toEqual(['description', 'engines', 'keywords', 'license', 'name', 'version']);
  });
});

const SHOWN = [
  'name',
  'version',
  'description',
  'keywords',
  'license',
  'engines',
  'author',
  'funding',
  'repository',
  'homepage',
  'bugs',
];
