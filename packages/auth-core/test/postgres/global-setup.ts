import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { findPostgres, startPostgres } from './postgres-process.ts';

/** Where databases come from. */
interface Source {
  /** What is behind them, for titles of tests. */
  readonly name: string;
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

let source: Promise<Source> | undefined;
const server = createServer((_, response) => {
  source ??= openSource();
  source
    .then(async ({ name, createDatabase }) => JSON.stringify({ name, url: await createDatabase() }))
    .then(
      (answer) => response.end(answer),
      (error: Error) => response.writeHead(500).end(error.message),
    );
});

/** Once for a run; a database server starts when the first test asks for a database. */
export async function setup(project: TestProject): Promise<void> {
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  project.provide('testDatabases', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

export async function teardown(): Promise<void> {
  server.close();
  await (await source?.catch(() => undefined))?.stop();
}

/** `LATCHKEY_TEST_POSTGRES` names a server, or says `pglite`; otherwise the machine's own programs are used, if any. */
async function openSource(): Promise<Source> {
  const wanted = process.env.LATCHKEY_TEST_POSTGRES ?? '';
  const programs = wanted === '' ? findPostgres() : undefined;
  const opened =
    programs !== undefined ? await startPostgres(programs) : /^postgres/.test(wanted) ? useServer(wanted) : usePglite();
  console.log(`Tests with PostgreSQL run on ${opened.name}.`);
  return opened;
}

function useServer(url: string): Source {
  const names: string[] = [];
  async function execute(statement: string): Promise<void> {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  }
  return {
    name: 'PostgreSQL',
    async createDatabase() {
      const name = `latchkey_test_${process.pid}_${names.length}`;
      names.push(name);
      await execute(`create database ${name}`);
      return Object.assign(new URL(url), { pathname: `/${name}` }).href;
    },
    async stop() {
      for (const name of names) await execute(`drop database ${name} with (force)`);
    },
  };
}

function usePglite(): Source {
  const folders: string[] = [];
  const children: ChildProcess[] = [];
  return {
    name: 'PostgreSQL (PGlite: no PostgreSQL on this machine)',
    async createDatabase() {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-pglite-'));
      folders.push(folder);
      const child = spawn(process.execPath, [join(import.meta.dirname, 'pglite-process.ts'), folder], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      children.push(child);
      await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
      return `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`;
    },
    async stop() {
      for (const child of children) {
        const exited = once(child, 'exit');
        child.stdin?.end();
        if (child.exitCode === null) await exited;
      }
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}
