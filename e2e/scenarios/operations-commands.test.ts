import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { startServer } from '../support/server.ts';
import { runShelled } from '../support/shelled-server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

/** Loaded into a command: writes down which SQLite files it opens. */
const WATCH = `
  const sqlite = require('node:sqlite');
  const { appendFileSync } = require('node:fs');
  const Opened = sqlite.DatabaseSync;
  sqlite.DatabaseSync = class extends Opened {
    constructor(path, ...rest) {
      appendFileSync(process.env.OPENED_FILES, path + '\\n');
      super(path, ...rest);
    }
  };
  require('node:module').syncBuiltinESMExports();
`;

/** Runs commands, and says which files they opened as databases. */
function watchCommands(folder: string) {
  const [script, list] = [join(folder, 'watch.cjs'), join(folder, 'opened')];
  writeFileSync(script, WATCH);
  return async (line: readonly string[], data: string) => {
    rmSync(list, { force: true });
    const outcome = await runLatchkey([...line, '--data', data], {
      environment: { OPENED_FILES: list, HOME: folder },
      nodeArguments: ['--require', script],
    });
    return { ...outcome, opened: existsSync(list) ? readFileSync(list, 'utf8').trim().split('\n') : [] };
  };
}

describe('commands beside a running server', () => {
  verifies('operating.commands-ask', async () => {
    using folder = createTemporaryFolder();
    const run = watchCommands(folder.path);
    const data = join(folder.path, 'data');
    {
      await using server = await startServer({ data });
      await createToken(server, 'kept', CHAT_GRANT);
    }
    const rotated = await run(['key', 'rotate'], data);
    expect(rotated).toMatchObject({ exitCode: 0 });
    expect(rotated.opened).toContain(join(data, 'latchkey.db'));

    await using server = await startServer({ data });
    const former = server.adminToken;
    // What only the secret of the folder opens.
    rmSync(join(data, 'admin-token'));
    const lines: readonly (readonly [line: readonly string[], says: RegExp])[] = [
      [['admin', 'recover'], /administrator's token/],
      [['backup', join(folder.path, 'backup')], /with \d tokens; all of it was read again/],
      [['key', 'status'], /former/],
      [['key', 'drop', '--force'], /not used any more/],
      [['audit', 'verify'], /chain whole/],
      [['audit', 'trim', '--keep', '3'], /begins with entry/],
      [['audit', 'list'], /audit\.trimmed/],
      [['token', 'list'], /kept/],
      [['settings', 'get'], /lockdown/],
      [['keys', 'list'], /ES256|EdDSA|KEY/],
    ];
    for (const [line, says] of lines) {
      const { exitCode, stdout, stderr, opened } = await run(line, data);
      expect({ line, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ line, exitCode: 0, stderr: '' });
      expect(stdout).toMatch(says);
      expect(opened).not.toContain(join(data, 'latchkey.db'));
    }
    const token = readFileSync(join(data, 'admin-token'), 'utf8').trim();
    expect((await createApi(server.url, token).get('/api/v1/tokens')).status).toBe(200);
    expect((await createApi(server.url, former).get('/api/v1/whoami')).status).toBe(401);
    expect(readdirSync(data).filter((name) => name.startsWith('snapshot-'))).toEqual([]);
    const other = { LATCHKEY_SECRET: 'another secret of thirty-two characters' };
    expect(await runLatchkey(['admin', 'recover', '--data', data], { environment: other })).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('another secret'),
    });
    expect(readFileSync(join(data, 'admin-token'), 'utf8').trim()).toBe(token);
  });

  verifies('operating.commands-held', async () => {
    using folder = createTemporaryFolder();
    await using server = runShelled('exec "$@"');
    await server.announced();
    server.signal('SIGSTOP');
    const run = watchCommands(folder.path);
    const { exitCode, stderr, opened } = await run(['admin', 'recover'], server.data);
    expect({ exitCode, stderr }).toEqual({ exitCode: 6, stderr: expect.stringContaining('does not answer') });
    expect(opened).not.toContain(join(server.data, 'latchkey.db'));
  });

  verifies('operating.operator-proof', async () => {
    await using server = await startServer();
    const anybody = createApi(server.url, undefined);
    const refused = { status: 403, body: { error: { code: 'permission_denied' } } };
    for (const body of [
      { text: '{"request":{"act":"recover"}}', proof: '' },
      { text: 'no JSON', proof: 'AAAA' },
      {
        text: JSON.stringify({ run: 'x', nonce: 'n', at: Date.now(), request: { act: 'drop', force: true } }),
        proof: server.adminToken.slice(0, 40),
      },
    ]) {
      expect(await anybody.post('/api/v1/operator', body)).toMatchObject(refused);
      // No token opens this door.
      expect(await server.admin.post('/api/v1/operator', body)).toMatchObject(refused);
    }
    expect((await server.admin.get('/api/v1/whoami')).status).toBe(200);
  });
});
