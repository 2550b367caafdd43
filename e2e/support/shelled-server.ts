import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Api, createApi } from './api.ts';
import { latchkeyPath } from './latchkey-command.ts';
import { modelsFolder, type ProcessExit } from './server.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

/** How long a start may take. */
const START_MILLISECONDS = 60_000;

export interface ShelledOptions {
  /** Variables beside the system's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The process that a shell command has become by `exec`. */
export interface ShelledServer extends AsyncDisposable {
  readonly pid: number;
  readonly folder: string;
  readonly data: string;
  /** The server's standard output and standard error. */
  readonly printed: () => string;
  readonly exited: Promise<ProcessExit>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when a server has written its address to the data folder; its own unless it was given another. */
  announced(data?: string): Promise<{ readonly url: string; readonly admin: Api }>;
}

/**
 * Runs a line of bash in which `"$@"` is the server's command, `$folder` is a folder of the test and `$data` is the
 * data folder. For what only a shell can set up: where the output goes, and which user it runs as. The line ends with
 * `exec`.
 */
export function runShelled(line: string, { environment = {} }: ShelledOptions = {}): ShelledServer {
  const opened = new AsyncDisposableStack();
  const folder = opened.use(createTemporaryFolder());
  const data = join(folder.path, 'data');
  mkdirSync(data, { mode: 0o700 });
  const command = [process.execPath, latchkeyPath, 'serve', '--port', '0', '--data', data, '--models', modelsFolder];
  const own = Object.entries(process.env).filter(([name]) => !/^(LATCHKEY_|LM_API_TOKEN)/.test(name));
  const child: ChildProcess = spawn('bash', ['-c', line, 'bash', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(own), HOME: folder.path, folder: folder.path, data, ...environment },
  });
  let printed = '';
  for (const output of [child.stdout, child.stderr]) {
    output?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const exited = once(child, 'exit').then(([exitCode, signal]) => ({ exitCode, signal }) as ProcessExit);
  opened.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  return {
    pid: child.pid ?? 0,
    folder: folder.path,
    data,
    printed: () => printed,
    exited,
    signal: (signal) => void child.kill(signal),
    announced: async (place = data) => {
      const until = performance.now() + START_MILLISECONDS;
      let url = readUrl(place);
      const runs = (): boolean => child.exitCode === null && child.signalCode === null;
      for (; url === undefined && runs() && performance.now() < until; url = readUrl(place)) {
        await pause(50);
      }
      if (url === undefined) throw new Error(`The server did not start:\n${printed}`);
      return { url, admin: createApi(url, readFileSync(join(place, 'admin-token'), 'utf8').trim()) };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function readUrl(data: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(data, 'server.json'), 'utf8')) as { url: string }).url;
  } catch {
    return undefined;
  }
}
