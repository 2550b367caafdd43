import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { LONG_TALK } from '../support/engine.ts';
import { descendantsOf, isRunning } from '../support/processes.ts';
import { runShelled } from '../support/shelled-server.ts';
import { verifies } from '../support/verifies.ts';

/** Runs what it is given as process 1 of its own, where a signal without a listener does nothing. */
const AS_PROCESS_ONE = 'unshare --user --map-root-user --pid --fork --mount-proc --kill-child';
const hasNamespaces = spawnSync('bash', ['-c', `${AS_PROCESS_ONE} true`]).status === 0;

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);

describe('a signal', () => {
  verifies('operating.stop-early', async () => {
    await using server = runShelled('exec "$@"');
    // The lock is taken before anything else is opened.
    await expect.poll(() => existsSync(join(server.data, 'secret.key')), { interval: 1 }).toBe(true);
    server.signal('SIGTERM');
    const { exitCode } = await server.exited;
    expect([0, 143]).toContain(exitCode);
  });

  verifies('operating.process-one', async () => {
    if (!hasNamespaces) return void console.warn('not tried: this machine has no namespaces for processes');
    await using server = runShelled(`exec ${AS_PROCESS_ONE} "$@"`);
    await expect.poll(() => descendantsOf(server.pid)).toHaveLength(1);
    const [first = 0] = descendantsOf(server.pid);
    // It comes while modules are loaded as well as later.
    await expect
      .poll(() => {
        if (isRunning(first)) process.kill(first, 'SIGTERM');
        return isRunning(first);
      })
      .toBe(false);
    expect(server.printed()).not.toContain('listening');
  });

  verifies('operating.process-one-said', async () => {
    if (!hasNamespaces) return void console.warn('not tried: this machine has no namespaces for processes');
    await using server = runShelled(`exec ${AS_PROCESS_ONE} "$@"`);
    await server.announced();
    await expect.poll(server.printed).toMatch(/process 1[^\n]*--init/);
  });

  verifies('operating.stop-half-read', async () => {
    await using server = runShelled('exec "$@"');
    const { url } = await server.announced();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const answer = Promise.withResolvers<string>();
    socket.setEncoding('utf8').on('data', answer.resolve);
    const { token } = (await server.announced()).admin;
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n`;
    socket.write(`${head}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n`);
    expect(await answer.promise).toMatch(/^HTTP\/1.1 100/);
    const startedAt = performance.now();
    server.signal('SIGTERM');
    expect(await server.exited).toEqual({ exitCode: 0, signal: null });
    // Docker and Kubernetes kill after ten seconds and more; this is the promise itself, not a measure of speed.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    socket.destroy();
  });

  for (const [where, line] of [
    ['as an ordinary process', 'exec "$@"'],
    ...(hasNamespaces ? [['as process 1', `exec ${AS_PROCESS_ONE} "$@"`] as const] : []),
  ] as const) {
    verifies(
      'operating.stop-streams',
      async () => {
        await using server = runShelled(line);
        const { admin } = await server.announced();
        const stream = await admin.stream({ ...LONG_TALK, max_output_tokens: 4000 });
        await stream.until('message.delta');
        // The first process of the namespace is the child of the one that made it.
        if (line.includes('unshare')) process.kill(childOf(server.pid), 'SIGTERM');
        else server.signal('SIGTERM');
        const stoppedAt = performance.now();
        expect((await stream.all()).map(({ data }) => data)).toContainEqual(
          expect.objectContaining({ type: 'error', error: expect.objectContaining({ code: 'shutting_down' }) }),
        );
        await server.exited;
        // Docker and Kubernetes kill after ten seconds and more; this is the promise itself, not a measure of speed.
        expect(performance.now() - stoppedAt).toBeLessThan(10_000);
        expect(server.printed()).not.toContain('stopping took too long');
      },
      where,
    );
  }

  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP'] as const) {
    verifies(
      'operating.no-debugger',
      async () => {
        await using server = runShelled('exec "$@"');
        const { admin } = await server.announced();
        server.signal(signal);
        await admin.get('/after');
        await expect.poll(server.printed).toContain('/after');
        expect((await admin.get('/health')).status).toBe(200);
        expect(server.printed()).not.toMatch(/Debugger listening/);
      },
      signal,
    );
  }
});

describe('a configuration file', () => {
  verifies('operating.config-changed', async () => {
    await using server = runShelled('exec "$@"');
    await server.announced();
    const write = (text: string): void => writeFileSync(join(server.data, 'config.json'), text, { mode: 0o600 });
    write('{ "engine": { "parallel": 2 }, // more would be slow\n "allowedHosts": ["llm.example.com"] }');
    await expect
      .poll(server.printed, { timeout: 20_000 })
      .toMatch(/"keys":\["allowedHosts","engine.parallel"\].*act after a restart/);
    write('{ "prot": 1 }');
    server.signal('SIGHUP');
    await expect.poll(server.printed, { timeout: 20_000 }).toMatch(/config.json: prot: .*the next start would fail/);
  });
});

/** The level of the log for what an operator can fix. */
const WARN = 40;

/** A system in which no folder can be watched any more. */
const UNWATCHED = `unshare --user --map-root-user bash -c 'echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"' bash`;

describe('an mcp.json', () => {
  verifies('operating.unwatched', async () => {
    if (spawnSync('bash', ['-c', `${UNWATCHED} true`]).status !== 0)
      return void console.warn('not tried: this machine has no namespaces for users');
    await using server = runShelled(`exec ${UNWATCHED} "$@"`);
    const { admin } = await server.announced();
    const lines = (): readonly { level: unknown; msg: string; file?: string; problem?: string }[] =>
      server
        .printed()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line));
    const file = join(server.data, 'mcp.json');
    await expect.poll(() => lines().filter((line) => line.file === file)).toHaveLength(1);
    const [told] = lines().filter((line) => line.file === file);
    expect(told?.level).toBe(WARN);
    expect(told?.msg).toMatch(/looked at every two seconds.*SIGHUP/);
    expect(told?.problem).toContain('fs.inotify.max_user_instances');
    const list = async (): Promise<readonly string[]> =>
      (await admin.get('/api/v1/mcp/servers')).body.servers.map(({ id }: { id: string }) => id);
    writeFileSync(file, '{ "mcpServers": { "first": { "command": "none" } } }', { mode: 0o600 });
    await expect.poll(list, { timeout: 20_000 }).toEqual(['mcp/first']);
    expect(lines().filter(({ msg }) => msg.includes('not taken'))).toEqual([]);
  });
});
