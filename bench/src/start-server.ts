import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const own = join(fileURLToPath(import.meta.resolve('@latchkey/server/package.json')), '..', 'bin', 'latchkey.js');

export interface BenchServer extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
}

/** A server in a separate process, as in production; `command` is the path of its program. */
export async function startServer(models: string, flags: readonly string[] = [], command = own): Promise<BenchServer> {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const args = ['serve', '--port', '0', '--data', data, '--models', models, ...flags];
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LATCHKEY_LOG: 'warn' },
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    url: line.replace(/^latchkey listening on /, ''),
    token: readFileSync(join(data, 'admin-token'), 'utf8').trim(),
    [Symbol.asyncDispose]: () => stop(child, data),
  };
}

async function stop(child: ChildProcess, data: string): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  rmSync(data, { recursive: true, force: true });
}
