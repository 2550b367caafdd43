import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { launchServer, unprivileged } from './postgres-process.ts';

/** A PgBouncer of a test file's own, on a socket in a folder of its own. */
export interface PgbouncerProcess {
  /** Where a database of the server is, through the pooler. */
  through(url: string): string;
  stop(): Promise<void>;
}

const STARTING_MILLISECONDS = 30_000;
const SOCKET = '.s.PGSQL.5432';

/** The program, where the machine has it. */
export function findPgbouncer(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'pgbouncer')).find((program) => existsSync(program));
}

/** Starts a pooler before the server of a URL, with its defaults and few connections, so that clients share them. */
export async function startPgbouncer(
  program: string,
  mode: 'session' | 'transaction',
  url: string,
): Promise<PgbouncerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-pgbouncer-'));
  const { searchParams, hostname, port } = new URL(url);
  const log = join(folder, 'log');
  const settings = join(folder, 'pgbouncer.ini');
  const users = join(folder, 'users');
  writeFileSync(users, '"postgres" ""\n');
  writeFileSync(
    settings,
    [
      '[databases]',
      `* = host=${searchParams.get('host') ?? hostname}${port === '' ? '' : ` port=${port}`}`,
      '[pgbouncer]',
      `unix_socket_dir = ${folder}`,
      'listen_port = 5432',
      'auth_type = trust',
      `auth_file = ${users}`,
      `pool_mode = ${mode}`,
      `default_pool_size = ${mode === 'session' ? 60 : 5}`,
      'max_client_conn = 200',
    ].join('\n'),
  );
  const account = unprivileged();
  if (account !== undefined) for (const path of [folder, settings, users]) chownSync(path, account.uid, account.gid);
  const pooler = launchServer(program, [settings], log, account);
  for (const until = Date.now() + STARTING_MILLISECONDS; !(await answers(join(folder, SOCKET))); await setTimeout(50)) {
    if (pooler.exitCode === null && Date.now() < until) continue;
    throw new Error(`PgBouncer does not start:\n${readFileSync(log, 'utf8')}`);
  }
  return {
    through(place) {
      const { pathname } = new URL(place);
      return `postgres://postgres@localhost${pathname}?host=${encodeURIComponent(folder)}`;
    },
    async stop() {
      const exited = once(pooler, 'exit');
      pooler.stdin?.end();
      if (pooler.exitCode === null) await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}
