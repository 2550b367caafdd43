import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { LONG_TALK } from '../support/engine.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { startServer } from '../support/server.ts';
import { runShelled } from '../support/shelled-server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const APART = 'unshare --user --map-root-user --pid --fork --mount-proc --kill-child';
const hasNamespaces = spawnSync('bash', ['-c', `${APART} true`]).status === 0;

describe('a data folder', () => {
  verifies('operating.sole', async () => {
    await using first = runShelled('exec "$@"');
    await first.announced();
    for (const line of ['exec "$@"', ...(hasNamespaces ? [`exec ${APART} "$@"`] : [])]) {
      await using second = runShelled(`set -- "\${@//$data/${first.data}}"; ${line}`);
      expect((await second.exited).exitCode).not.toBe(0);
      expect(second.printed()).toContain('A server runs on this data folder already: http://127.0.0.1:');
    }
    first.signal('SIGSTOP');
    await using third = runShelled(`set -- "\${@//$data/${first.data}}"; exec "$@"`);
    expect((await third.exited).exitCode).not.toBe(0);
    first.signal('SIGCONT');
  });

  verifies('operating.sole-at-once', async () => {
    await using first = runShelled('exec "$@"');
    await using second = runShelled(`set -- "\${@//$data/${first.data}}"; exec "$@"`);
    const ended = await Promise.race(
      [first, second].map((one) => one.exited.then(({ exitCode }) => ({ one, exitCode }))),
    );
    expect(ended.exitCode).not.toBe(0);
    await (ended.one === first ? second : first).announced(first.data);
    const printed = `${first.printed()}${second.printed()}`;
    expect(printed.match(/latchkey listening/g)).toHaveLength(1);
  });

  verifies('operating.backup', async () => {
    using folder = createTemporaryFolder();
    const [backup, data] = [join(folder.path, 'backup'), join(folder.path, 'restored')];
    await using server = await startServer();
    const kept = await createToken(server, 'kept', CHAT_GRANT);
    const made = await runLatchkey(['backup', backup, '--data', server.data]);
    expect(made).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('all of it was read again') });
    const restored = await runLatchkey(['restore', backup, '--data', data]);
    expect(restored).toMatchObject({ exitCode: 0 });
    await using again = await startServer({ data });
    expect((await createApi(again.url, kept.token).get('/api/v1/whoami')).body.name).toBe('kept');
  });

  verifies('operating.lost-database', async () => {
    using folder = createTemporaryFolder();
    const data = join(folder.path, 'data');
    let adminToken = '';
    {
      await using server = await startServer({ data });
      adminToken = server.adminToken;
    }
    renameSync(join(data, 'latchkey.db'), join(data, 'kept.db'));
    const refused = await runLatchkey(['serve', '--port', '0', '--data', data]);
    expect(refused).toMatchObject({ stdout: '', stderr: expect.stringContaining('it was lost or emptied') });
    rmSync(join(data, 'latchkey.db'));
    renameSync(join(data, 'kept.db'), join(data, 'latchkey.db'));
    await using server = await startServer({ data });
    expect(server.adminToken).toBe(adminToken);
  });
});

describe('a database file', () => {
  verifies('operating.database-removed', async () => {
    await using server = await startServer();
    const file = join(server.data, 'latchkey.db');
    const caller = await createToken(server, 'caller', CHAT_GRANT);
    const revoked = await createToken(server, 'revoked', CHAT_GRANT);
    const logged = () => server.log.lines.filter((line) => line.includes('the file of the database'));

    renameSync(file, `${file}.away`);
    const refused = await server.admin.post('/api/v1/tokens', { name: 'lost', grant: CHAT_GRANT });
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'store_unavailable' } } });
    expect(refused.body.error.message).toContain('was removed or replaced');
    expect(JSON.stringify(refused.body)).not.toContain(server.data);
    await expect
      .poll(() => server.admin.get('/ready'))
      .toMatchObject({ status: 503, body: { status: 'unavailable', database: 'removed' } });
    await expect.poll(logged, { timeout: 20_000 }).toHaveLength(1);
    // What has to store nothing goes on, and taking rights away waits for no database.
    expect((await caller.chat({ input: 'hi', max_output_tokens: 1, store: false })).status).toBe(200);
    expect(await server.admin.post(`/api/v1/tokens/${revoked.id}/revoke`, {})).toMatchObject({
      body: { stored: false },
    });
    expect((await revoked.get('/api/v1/whoami')).status).toBe(401);

    renameSync(`${file}.away`, file);
    expect((await server.admin.post('/api/v1/tokens', { name: 'kept', grant: CHAT_GRANT })).status).toBe(201);
    await expect.poll(() => server.admin.get('/ready')).toMatchObject({ status: 200 });
    await expect.poll(logged, { timeout: 20_000 }).toHaveLength(2);
    expect((await revoked.get('/api/v1/whoami')).status).toBe(401);
  });
});

describe('a server behind a balancer', () => {
  for (const path of ['/health', '/live', '/ready']) {
    verifies(
      'operating.health-checks',
      async () => {
        await using server = await startServer();
        const { port } = new URL(server.url);
        const socket = connect(Number(port), '127.0.0.1');
        socket.write(`GET ${path} HTTP/1.0\r\n\r\n`);
        const answer = (await socket.setEncoding('utf8').toArray()).join('');
        expect(answer).toMatch(/^HTTP\/1\.1 200 /);
        const other = await new Promise((resolve) => {
          const asked = request({ port, path: '/api/v1/models', headers: { host: 'evil.example' } }, ({ statusCode }) =>
            resolve(statusCode),
          );
          asked.end();
        });
        expect(other).toBe(403);
      },
      path,
    );
  }
});

describe('latchkey lockdown', () => {
  verifies('operating.lockdown', async () => {
    await using server = await startServer();
    const caller = await createToken(server, 'caller', CHAT_GRANT);
    const stream = await caller.stream(LONG_TALK);
    await stream.until('message.delta');
    const locked = await runLatchkey(['lockdown', '--data', server.data]);
    expect(locked.exitCode).toBe(0);
    expect((await stream.all()).map(({ data }) => data)).toContainEqual(
      expect.objectContaining({ type: 'error', error: expect.objectContaining({ code: 'permission_denied' }) }),
    );
    expect(await caller.get('/api/v1/whoami')).toMatchObject({ status: 403 });
    expect((await server.admin.get('/api/v1/whoami')).status).toBe(200);
    expect((await runLatchkey(['lockdown', '--off', '--data', server.data])).exitCode).toBe(0);
    expect((await caller.get('/api/v1/whoami')).status).toBe(200);
  });
});
