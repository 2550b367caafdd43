// What the two commands do, once Node and pnpm are the right ones.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const quiet = { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1', DO_NOT_TRACK: '1' };

/** @returns the exit code */
export async function runTask([task, ...args], root) {
  const run = createRunner(root);
  if (!(await install(root, run))) return 1;
  if (task === 'demo') {
    if (
      !(await run.step('Building', 'turbo', [
        'run',
        'build',
        '--filter=@latchkey/demo...',
        '--output-logs=errors-only',
      ]))
    )
      return 1;
    return run.handOver('node', ['apps/demo/src/main.ts', ...args]);
  }
  if (task === 'test') return test(args, run);
  console.error(`There is no task '${task}'. There are: demo, test.`);
  return 1;
}

/** The order: what is quick and tells most comes first, and one failure does not hide the others. */
async function test(args, run) {
  const built = await run.step('Building', 'turbo', ['run', 'build', '--output-logs=errors-only']);
  if (!built) return 1;
  const checks = [
    await run.step('Checking types and packages', 'turbo', [
      'run',
      'typecheck',
      'publint',
      '--output-logs=errors-only',
    ]),
    await run.step('Checking style', 'biome', ['check', '--diagnostic-level=warn', '.']),
    await run.step('Looking for what nobody uses', 'knip', ['--no-progress']),
  ];
  // With arguments somebody wants a part of the tests, of which no coverage can be asked.
  const tested = await run.handOver('vitest', ['run', ...(args.length > 0 ? args : ['--coverage'])]);
  return checks.every(Boolean) ? tested : 1;
}

/** Installs when the lockfile or a manifest changed since the last time. */
async function install(root, run) {
  const stampFile = join(root, 'node_modules', '.cache', 'latchkey', 'installed');
  const manifests = globSync('{.,apps/*,packages/*,examples,e2e,bench,tooling}/package.json', { cwd: root }).sort();
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests])
    hash.update(readFileSync(join(root, file)));
  const stamp = hash.digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return true;
  if (!(await run.step('Installing packages', 'pnpm', ['install', '--frozen-lockfile', '--reporter=silent'])))
    return false;
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
  return true;
}

function createRunner(root) {
  const env = { ...process.env, ...quiet, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` };
  // Inside the project everybody is in the right place already; a nested start would only confuse.
  delete env.LATCHKEY_TASK;
  const options = { cwd: root, env, shell: process.platform === 'win32' };

  return {
    /** Runs a command and shows its output only when it fails. */
    step(title, command, args) {
      const startedAt = Date.now();
      const live = process.stderr.isTTY;
      if (live) process.stderr.write(`${title}…`);
      return new Promise((resolve) => {
        const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
        const output = [];
        child.stdout.on('data', (chunk) => output.push(chunk));
        child.stderr.on('data', (chunk) => output.push(chunk));
        child.on('error', (error) => output.push(Buffer.from(`${error.message}\n`)));
        child.on('close', (code) => {
          const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
          process.stderr.write(
            `${live ? '\r\u001b[K' : ''}${title}: ${code === 0 ? 'done' : 'failed'} (${seconds} s)\n`,
          );
          if (code !== 0) process.stderr.write(Buffer.concat(output));
          resolve(code === 0);
        });
      });
    },

    /** Gives the terminal to a command until it ends; signals reach it. Resolves to its exit code. */
    handOver(command, args) {
      return new Promise((resolve) => {
        const child = spawn(command, args, { ...options, stdio: 'inherit' });
        const forward = (signal) => child.kill(signal);
        process.on('SIGINT', () => {});
        process.on('SIGTERM', forward);
        child.on('error', (error) => {
          console.error(error.message);
          resolve(1);
        });
        child.on('close', (code, signal) => {
          process.off('SIGTERM', forward);
          resolve(signal ? 1 : code);
        });
      });
    },
  };
}
