import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { type CommandOutcome, latchkeyPath, runLatchkey } from '../support/latchkey-command.ts';
import { startServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
beforeAll(() => {
  folder = createTemporaryFolder();
});
afterAll(() => folder[Symbol.dispose]());

type Environment = Readonly<Record<string, string>>;

const key = (data: string, act: string, environment: Environment = {}): Promise<CommandOutcome> =>
  runLatchkey(['key', act, '--data', data], { environment: { HOME: folder.path, ...environment } });
const newSecret = (): string => randomBytes(32).toString('base64');

/** Starts a server on a data folder for as long as it is used. */
async function serve<T>(
  data: string,
  use: (server: Awaited<ReturnType<typeof startServer>>) => Promise<T>,
  environment: Environment = {},
): Promise<T> {
  await using server = await startServer({ data, environment });
  return await use(server);
}

/** A data folder with a token in it, on which no server runs. */
async function newInstallation(name: string, environment: Environment = {}) {
  const data = join(folder.path, name);
  const { token } = await serve(data, (server) => createToken(server, 'kept', CHAT_GRANT), environment);
  return { data, token };
}

const uses = (data: string, token: string, environment: Environment = {}) =>
  serve(
    data,
    async (server) => {
      const { status } = await createApi(server.url, token).get('/api/v1/whoami');
      return { status, key: await key(data, 'status', environment) };
    },
    environment,
  );

describe('latchkey key', () => {
  verifies('operating.key-change', async () => {
    const { data, token } = await newInstallation('changed');
    expect((await key(data, 'status')).stdout).toMatch(/^[0-9a-f]{8} +present +2$/m);
    const rotated = await key(data, 'rotate');
    expect(rotated).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/present +0\n[0-9a-f]{8} +former +2$/m),
    });
    expect(await key(data, 'drop')).toMatchObject({
      exitCode: 8,
      stderr: expect.stringContaining('need the former key'),
    });
    await serve(data, async (server) => {
      expect((await createApi(server.url, token).get('/api/v1/whoami')).body.name).toBe('kept');
      expect((await server.admin.get('/api/v1/whoami')).status).toBe(200);
      expect((await key(data, 'status')).stdout).toMatch(/present +2\n[0-9a-f]{8} +former +0$/m);
      expect(await key(data, 'drop')).toMatchObject({ exitCode: 0 });
      expect((await createApi(server.url, token).get('/api/v1/whoami')).status).toBe(200);
    });
    expect(readFileSync(join(data, 'secret.key'), 'utf8')).toMatch(/^\S{44}\n$/);
    expect((await uses(data, token)).status).toBe(200);
    const verified = await runLatchkey(['audit', 'verify', '--data', data]);
    expect(verified).toMatchObject({ exitCode: 0 });
  });

  verifies('operating.key-running', async () => {
    const data = join(folder.path, 'running');
    await serve(data, async (server) => {
      const before = readFileSync(join(data, 'secret.key'), 'utf8');
      expect(await key(data, 'rotate')).toMatchObject({
        exitCode: 8,
        stderr: expect.stringContaining('A server runs'),
      });
      expect(readFileSync(join(data, 'secret.key'), 'utf8')).toBe(before);
      expect((await server.admin.get('/api/v1/whoami')).status).toBe(200);
    });
  });

  verifies('operating.key-elsewhere', async () => {
    const { data, token } = await newInstallation('linked');
    const [path, elsewhere] = [join(data, 'secret.key'), join(folder.path, 'secret-from-elsewhere')];
    renameSync(path, elsewhere);
    symlinkSync(elsewhere, path);
    const before = readFileSync(elsewhere, 'utf8');
    const refused = await key(data, 'rotate');
    expect(refused).toMatchObject({ exitCode: 9, stdout: '', stderr: expect.stringContaining('nothing was changed') });
    expect(refused.stderr).not.toContain(before.trim());
    expect(readFileSync(elsewhere, 'utf8')).toBe(before);

    writeFileSync(elsewhere, `${newSecret()}\nformer ${before}`);
    expect((await uses(data, token)).key.stdout).toMatch(/present +1\n[0-9a-f]{8} +former +1$/m);
    await serve(data, async (server) => server.admin.get('/api/v1/whoami'));
    const dropped = await key(data, 'drop');
    expect(dropped).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("begin with 'former'") });
    writeFileSync(elsewhere, readFileSync(elsewhere, 'utf8').replace(/^former .*\n/m, ''));
    const after = await uses(data, token);
    expect([after.status, after.key.stdout.match(/former/)]).toEqual([200, null]);
  });

  const MOUNTED = 'unshare --user --map-root-user --mount';
  const hasMounts = spawnSync('bash', ['-c', `${MOUNTED} true`]).status === 0;

  describe.runIf(hasMounts)('on a mount', () => {
    verifies(
      'operating.key-elsewhere',
      async () => {
        const { data, token } = await newInstallation('mounted');
        const path = join(data, 'secret.key');
        const before = readFileSync(path, 'utf8');
        const mount = `mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"`;
        const command = [process.execPath, latchkeyPath, 'key', 'rotate', '--data', data];
        const child = spawn('bash', ['-c', `exec ${MOUNTED} bash -c '${mount}' bash "$@"`, 'bash', path, ...command], {
          env: { PATH: process.env.PATH, HOME: folder.path },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let stderr = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          stderr += text;
        });
        await once(child, 'close');
        expect(stderr).toContain('nothing was changed');
        expect(readFileSync(path, 'utf8')).toBe(before);
        expect(readdirSync(data).filter((name) => name.startsWith('secret.key'))).toEqual(['secret.key']);
        expect((await uses(data, token)).status).toBe(200);
      },
      'as a mount',
    );
  });

  for (const kind of ['', '_FILE'] as const) {
    verifies(
      'operating.key-variables',
      async () => {
        let files = 0;
        const give = (variable: string, text: string): Environment => {
          if (kind === '') return { [variable]: text };
          const path = join(folder.path, `given-${++files}`);
          writeFileSync(path, `${text}\n`, { mode: 0o600 });
          return { [`${variable}_FILE`]: path };
        };
        const [first, second] = [newSecret(), newSecret()];
        const before = give('LATCHKEY_SECRET', first);
        const { data, token } = await newInstallation(`given${kind}`, before);
        const refused = await key(data, 'rotate', before);
        expect(refused).toMatchObject({
          exitCode: 2,
          stderr: expect.stringContaining(`LATCHKEY_SECRET_FORMER${kind}`),
        });
        expect(refused.stderr).not.toContain(first);

        const both = { ...give('LATCHKEY_SECRET', second), ...give('LATCHKEY_SECRET_FORMER', first) };
        const moved = await uses(data, token, both);
        expect(moved.key.stdout).toMatch(/present +1\n[0-9a-f]{8} +former +1$/m);
        await serve(data, async (server) => server.admin.get('/api/v1/whoami'), both);
        expect(await key(data, 'drop', both)).toMatchObject({
          exitCode: 0,
          stderr: expect.stringContaining('Take LATCHKEY_SECRET_FORMER'),
        });
        expect((await uses(data, token, give('LATCHKEY_SECRET', second))).status).toBe(200);
      },
      kind === '' ? 'in the variable' : 'in a file',
    );
  }
});
