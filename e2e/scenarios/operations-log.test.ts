import { readFileSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Api } from '../support/api.ts';
import { runShelled } from '../support/shelled-server.ts';
import { verifies } from '../support/verifies.ts';

/** More lines than a pipe and all that waits before it hold. */
const REQUESTS = 600;
const PATH = `/${'x'.repeat(400)}`;

async function askOften(admin: Api): Promise<void> {
  for (let sent = 0; sent < REQUESTS; sent += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => admin.get(PATH)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
  }
}

describe('the log', () => {
  verifies('operating.log-reader', async () => {
    await using server = runShelled(
      'mkfifo "$folder/log"; tail --pid=$$ -f /dev/null < "$folder/log" & exec "$@" 2> "$folder/log"',
    );
    const { admin } = await server.announced();
    await askOften(admin);
    expect((await admin.get('/health')).status).toBe(200);
    server.signal('SIGTERM');
    expect(await server.exited).toEqual({ exitCode: 0, signal: null });
  });

  for (const [where, line] of [
    ['standard error', 'exec "$@" 2> /dev/full'],
    ['a file', 'exec "$@" --log-file /dev/full'],
  ] as const) {
    verifies(
      'operating.log-full',
      async () => {
        await using server = runShelled(line);
        const { admin } = await server.announced();
        await askOften(admin);
        expect((await admin.get('/health')).status).toBe(200);
        server.signal('SIGTERM');
        expect(await server.exited).toEqual({ exitCode: 0, signal: null });
      },
      where,
    );
  }

  for (const line of ['exec "$@" > >(true)', 'exec "$@" 2> >(true)', 'exec "$@" >&- 2>&-']) {
    verifies(
      'operating.log-gone',
      async () => {
        await using server = runShelled(line);
        const { admin } = await server.announced();
        await askOften(admin);
        expect((await admin.get('/health')).status).toBe(200);
      },
      line,
    );
  }

  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
    verifies(
      'operating.log-rotated',
      async () => {
        await using server = runShelled('exec "$@" --log-file "$folder/log"');
        const { admin } = await server.announced();
        await admin.get('/before');
        const file = join(server.folder, 'log');
        const lines = (): string => readFileSync(file, { encoding: 'utf8', flag: 'a+' });
        await expect.poll(lines).toContain('/before');
        renameSync(file, `${file}.1`);
        server.signal(signal);
        await expect.poll(() => admin.get('/after').then(lines)).toContain('/after');
        expect(readFileSync(`${file}.1`, 'utf8')).toContain('/before');
        expect(server.printed()).toMatch(/^latchkey listening on \S+\n$/);
      },
      signal,
    );
  }

  verifies('operating.log-levels', async () => {
    await using server = runShelled('exec "$@"');
    const { url, admin } = await server.announced();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{', () =>
      socket.resetAndDestroy(),
    );
    await new Promise((resolve) => socket.once('close', resolve));
    await admin.get('/last');
    await expect.poll(server.printed).toContain('/last');
    expect(server.printed()).not.toMatch(/"level":(40|50|60)/);
  });
});
