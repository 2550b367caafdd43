import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerConfigInput } from '@latchkey/server';
import { type Api, createApi } from './api.ts';
import { spawnLatchkey } from './latchkey-command.ts';
import type { McpServers } from './mcp-servers.ts';
import { createTemporaryFolder } from './temporary-folder.ts';
import { type WatchedLines, watchLines } from './watched-lines.ts';

/** The models folder of the repository, with the nano model in it. */
export const modelsFolder: string = join(import.meta.dirname, '..', '..', 'models');
export const NANO = 'latchkey/nano';

export interface ServerOptions {
  /** Written to the data folder's `config.json`. */
  readonly config?: Omit<ServerConfigInput, 'data' | 'models'> & { readonly models?: string };
  /** Written to the data folder's `mcp.json`. */
  readonly mcpServers?: McpServers;
  /** Flags beside `--data` and `--port`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly nodeArguments?: readonly string[];
  /** A data folder that outlives the server; by default the server has one that is removed with it. */
  readonly data?: string;
}

/** The end of a process. */
export interface ProcessExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A `latchkey serve` that a test has started. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Its data folder. */
  readonly data: string;
  /** The token that the server made at its first start. */
  readonly adminToken: string;
  /** Sends requests to the server with the administrator's token. */
  readonly admin: Api;
  readonly stdout: WatchedLines;
  /** The log: a JSON object in each line. */
  readonly log: WatchedLines;
  readonly exited: Promise<ProcessExit>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts a server with the nano model on a free port of 127.0.0.1 and waits until it reports that it is ready. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(createTemporaryFolder());
  const data = options.data ?? join(folder.path, 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  // At temperature 0 a model gives the same answer each time.
  const config = { models: modelsFolder, sampling: { '*': { temperature: 0 } }, ...options.config };
  writeFileSync(join(data, 'config.json'), JSON.stringify(config));
  if (options.mcpServers !== undefined) {
    writeFileSync(join(data, 'mcp.json'), JSON.stringify({ mcpServers: options.mcpServers }));
  }

  const flags = ['serve', '--data', data, '--port', '0', ...(options.flags ?? [])];
  const child = spawnLatchkey(flags, {
    environment: { ...options.environment, HOME: folder.path, USERPROFILE: folder.path },
    nodeArguments: options.nodeArguments ?? [],
  });
  const { pid, stdout: output, stderr: errors } = child;
  if (pid === undefined || output === null || errors === null) throw new Error('The server could not be started.');
  const exited = once(child, 'exit').then(([exitCode, signal]) => ({ exitCode, signal }) as ProcessExit);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
  };
  opened.defer(stop);

  const stdout = watchLines(output);
  const log = watchLines(errors);
  const ready = stdout
    .find((line) => line.startsWith('latchkey listening on '))
    .catch((cause: unknown) => {
      throw new Error(`The server did not start:\n${log.lines.join('\n')}`, { cause });
    });
  const url = (await ready).slice('latchkey listening on '.length);
  const adminToken = readFileSync(join(data, 'admin-token'), 'utf8').trim();
  const owned = opened.move();
  return {
    url,
    pid,
    data,
    adminToken,
    admin: createApi(url, adminToken),
    stdout,
    log,
    exited,
    signal: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
