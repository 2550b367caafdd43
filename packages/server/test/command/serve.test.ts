import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

describe('a server in which a promise fails that nothing waits for', () => {
  it('logs it and goes on', async () => {
    const data = temporaryFolder();
    const path = fileURLToPath(new URL('faulty-server.ts', import.meta.url));
    const child = fork(path, ['serve', '--port', '0', '--data', data], {
      execArgv: [],
      env: { PATH: process.env.PATH, HOME: data },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const ended = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    let [printed, logged] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      logged += text;
    });
    const patient = { timeout: 60_000 };
    await expect.poll(() => printed, patient).toMatch(/listening on http:\S+\n/);
    child.send('fail');
    await expect.poll(() => logged, patient).toContain('the deliberate fault');
    const url = /http:\S+/.exec(printed)?.[0];
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(child.exitCode).toBe(null);
  }, 120_000);
});
