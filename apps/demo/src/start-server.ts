import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { interruption } from './interruption.ts';
import { createNamedFolder } from './named-folder.ts';

const home = join(import.meta.dirname, '..');
const root = join(home, '..', '..');
const command = join(fileURLToPath(import.meta.resolve('@latchkey/server/package.json')), '..', 'bin', 'latchkey.js');
/** The program itself, not a link to it: a sandbox shows a server the packages beside its program. */
const everything = join(
  fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/package.json')),
  '..',
  'dist',
  'index.js',
);

/** A running `latchkey serve`, started as a user would start it. */
export interface DemoServer extends AsyncDisposable {
  /** Resolves when the server accepts requests. Rejects when it ends before that, or the demo is interrupted. */
  readonly ready: Promise<{
    readonly url: string;
    /** The token that the server made at its first start. */
    readonly adminToken: string;
    /** A folder for the files that the model reads and writes; it is removed with the server. */
    readonly files: string;
  }>;
  /** Resolves when the server has ended by itself. */
  readonly ended: Promise<void>;
}

/** Starts the server on port 1234, or on a free one when that is taken, with an empty data folder. */
export async function startServer(): Promise<DemoServer> {
  const port = (await isTaken(1234)) ? '0' : '1234';
  const data = createData();
  const files = createNamedFolder();
  const child = spawn(process.execPath, [command, 'serve', '--data', data, '--port', port], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C reaches only the demo, which then stops the server in an orderly way.
    detached: true,
    env: {
      ...process.env,
      LATCHKEY_API_TOKEN: '',
      LM_API_TOKEN: '',
      DEMO_HOME: home,
      DEMO_FILES: files.path,
      DEMO_EVERYTHING: everything,
    },
  });
  const ended = once(child, 'exit').then(() => {
    rmSync(data, { recursive: true, force: true });
    files[Symbol.dispose]();
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  };
  // Whatever happens to the demo, the server must not outlive it.
  process.once('exit', () => child.kill('SIGKILL'));

  const listening = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const [, url] = /^latchkey listening on (\S+)$/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
    void ended.then(() => reject(new Error('The server ended before it was ready.')));
    interruption.addEventListener('abort', () => reject(interruption.reason), { once: true });
  });
  const ready = listening.then((url) => {
    const adminToken = readFileSync(join(data, 'admin-token'), 'utf8').trim();
    return { url, adminToken, files: files.path };
  });
  return { ready, ended, [Symbol.asyncDispose]: stop };
}

/**
 * A data folder with a copy of the demo's settings: the server refuses files that other users can read, and in a clone
 * of the repository they can.
 */
function createData(): string {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-demo-'));
  for (const [from, to] of [
    ['latchkey.json', 'config.json'],
    ['mcp.json', 'mcp.json'],
  ] as const) {
    writeFileSync(join(data, to), readFileSync(join(home, from)), { mode: 0o600 });
  }
  return data;
}

async function isTaken(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
