import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';

/** A PostgreSQL server of a test run's own, on a socket in a folder of its own. */
export interface PostgresProcess {
  /** E.g. `PostgreSQL 15.14`. */
  readonly name: string;
  /** Makes an empty database and returns where it is. */
  createDatabase(): Promise<string>;
  /** Kills the server as a crash would, and starts it again on the same files. */
  crash(): Promise<void>;
  /** Stops the server and removes its folder. */
  stop(): Promise<void>;
}

/** Who runs the server, where it is somebody else. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const STARTING_MILLISECONDS = 30_000;
/** Shorter than a test may take: a lock that a test forgot is that test's error, and not the end of all tests after it. */
const ENDS_OF_WAITS = ['lock_timeout=20s', 'idle_in_transaction_session_timeout=30s'];

/** The folder with PostgreSQL's programs, where the machine has them: on the path, or where Debian keeps them. */
export function findPostgres(): string | undefined {
  const debian = globSync('/usr/lib/postgresql/*/bin').sort((left, right) => versionIn(right) - versionIn(left));
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...debian];
  return folders.find((folder) => ['postgres', 'initdb'].every((program) => existsSync(join(folder, program))));
}

function versionIn(path: string): number {
  return Number(path.split('/')[4]);
}

/**
 * Starts a server. It leaves it to the operating system when to write to the disk, which is quick and as safe as can be
 * against the end of a process, though not against that of a machine.
 */
export async function startPostgres(programs: string): Promise<PostgresProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'));
  const data = join(folder, 'data');
  const log = join(folder, 'log');
  const account = unprivileged();
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  const urlOf = (name: string): string => `postgres://postgres@localhost/${name}?host=${encodeURIComponent(folder)}`;
  let server: ChildProcess | undefined;

  async function start(): Promise<string> {
    server = launch();
    for (const until = Date.now() + STARTING_MILLISECONDS; ; await setTimeout(50)) {
      const version = await ask(urlOf('postgres'), 'show server_version').catch(() => undefined);
      if (version !== undefined) return String(version);
      // A server that was killed leaves children for a moment, and while they live no other starts.
      if (server.exitCode !== null) server = launch();
      if (Date.now() > until) throw new Error(`PostgreSQL does not start:\n${readFileSync(log, 'utf8')}`);
    }
  }

  function launch(): ChildProcess {
    const settings = ['fsync=off', 'listen_addresses=', 'shared_buffers=16MB', 'max_connections=100', ...ENDS_OF_WAITS];
    const flags = ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])];
    return launchServer(join(programs, 'postgres'), flags, log, account);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === undefined || server.exitCode !== null) return;
    const exited = once(server, 'exit');
    const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, signal);
    await exited;
    server.stdin?.end();
  }

  initialize(programs, data, account);
  const version = await start();
  let count = 0;
  return {
    name: `PostgreSQL ${version.split(' ')[0]}`,
    async createDatabase() {
      const name = `test_${process.pid}_${++count}`;
      await ask(urlOf('postgres'), `create database ${name} ${orderedByLanguage(version)}`);
      return urlOf(name);
    },
    async crash() {
      await end('SIGKILL');
      await start();
    },
    async stop() {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a server. A shell stops it when its own input ends, so that nothing outlives this process however it ends. */
export function launchServer(
  program: string,
  flags: readonly string[],
  log: string,
  account: Account | undefined,
): ChildProcess {
  const script = 'exec 3<&0; "$@" & server=$!; (cat <&3 >/dev/null; kill -INT $server) & wait $server';
  const output = openSync(log, 'a');
  return spawn('/bin/sh', ['-c', script, 'sh', program, ...flags], { ...account, stdio: ['pipe', output, output] });
}

/** PostgreSQL and PgBouncer refuse to run as root. */
export function unprivileged(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] = accounts.find(([name]) => name === 'postgres') ??
    accounts.find(([name]) => name === 'nobody') ?? ['', '', '65534', '65534'];
  return { uid: Number(uid), gid: Number(gid) };
}

function initialize(programs: string, data: string, account: Account | undefined): void {
  const flags = ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'];
  const { status, error, stderr } = spawnSync(join(programs, 'initdb'), flags, { ...account, encoding: 'utf8' });
  if (status !== 0) throw new Error(`initdb failed: ${error?.message ?? stderr}`);
}

/** A database that orders texts as a language does, where PostgreSQL knows any: stores must not rely on the bytes. */
function orderedByLanguage(version: string): string {
  return Number.parseInt(version, 10) >= 15 ? `template template0 locale_provider icu icu_locale 'en-US'` : '';
}

async function ask(url: string, question: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query({ text: question, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end().catch(() => undefined);
  }
}
