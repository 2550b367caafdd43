import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Runs a program in Node, reduced to the globals of the web. */
function runWithoutNode(...args: readonly string[]) {
  const preload = join(import.meta.dirname, 'only-web-globals.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', preload, ...args], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  return { status, stdout: stdout.trim(), stderr };
}

it('without Node there is no module and no global of Node', () => {
  const globals =
    'console.log(typeof process, typeof Buffer, typeof setImmediate, typeof global, typeof fetch, typeof crypto)';
  expect(runWithoutNode('--input-type=module', '--eval', globals).stdout).toBe(
    'undefined undefined undefined undefined function object',
  );
  for (const name of ['node:fs', 'crypto']) {
    const { status, stderr } = runWithoutNode('--input-type=module', '--eval', `import '${name}'`);
    expect([status, stderr]).toEqual([1, expect.stringContaining(`imports ${name}`)]);
  }
});

it('auth-core, its HTTP, its JWT and its contracts run where there is no Node', () => {
  const { stdout, stderr } = runWithoutNode('web-program.ts');
  expect(stderr).toBe('');
  expect(stdout).toBe('done');
});
