import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { modelsFolder, NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const nano = readFileSync(join(modelsFolder, `${NANO}.gguf`));
const FILE = 'nano-Q8_0.gguf';

let hub: Server;
let folder: TemporaryFolder;
let server: TestServer;
/** The requests for the file: what of it was asked for, and with which token. */
const asked: (readonly [string | undefined, string | undefined])[] = [];

beforeAll(async () => {
  hub = createServer((request, response) => {
    if (request.url?.startsWith('/api/models/acme/nano/')) {
      const oid = createHash('sha256').update(nano).digest('hex');
      response.end(JSON.stringify([{ type: 'file', path: FILE, size: nano.length, lfs: { oid, size: nano.length } }]));
      return;
    }
    asked.push([request.headers.range, request.headers.authorization]);
    const first = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = nano.subarray(first);
    const range = `bytes ${first}-${nano.length - 1}/${nano.length}`;
    response.writeHead(first > 0 ? 206 : 200, {
      ...{ etag: '"nano"', 'content-length': rest.length },
      ...(first > 0 ? { 'content-range': range } : {}),
    });
    if (asked.length > 1) response.end(rest);
    // The first time, the connection ends halfway.
    else response.write(rest.subarray(0, nano.length / 2), () => response.socket?.end());
  }).listen(0, '127.0.0.1');
  await once(hub, 'listening');
  folder = createTemporaryFolder();
  server = await startServer({
    config: {
      models: join(folder.path, 'models'),
      downloads: {
        baseUrl: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`,
        tokenVariable: 'HUB_TOKEN',
        allowPrivateHosts: ['127.0.0.1'],
      },
    },
    environment: { HUB_TOKEN: 'hf_secret' },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
  hub.close();
});

const run = (...args: readonly string[]) => runLatchkey([...args, '--data', server.data]);

describe('a model that is pulled', () => {
  verifies('engine.downloads', async () => {
    const pulled = await run('pull', 'acme/nano@q8_0');
    expect([pulled.exitCode, pulled.stdout, pulled.stderr]).toEqual([
      0,
      expect.stringMatching(/^Downloaded acme\/nano \(\d/),
      '',
    ]);
    expect(asked.map(([range]) => range)).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/)]);
    expect(new Set(asked.map(([, token]) => token))).toEqual(new Set(['Bearer hf_secret']));
    expect((await run('pull', 'acme/nano')).stdout).toMatch(/^acme\/nano is there already/);

    const { token } = await createToken(server, 'user', { actions: ['chat'], models: ['acme/nano'] });
    const user = createApi(server.url, token);
    expect((await user.post('/api/v1/chat', { model: 'acme/nano', input: 'Hello' })).status).toBe(200);
    expect((await user.post('/api/v1/models/download', { model: 'acme/nano' })).status).toBe(403);
    expect((await user.post('/api/v1/models/delete', { model: 'acme/nano' })).status).toBe(403);

    const file = join(folder.path, 'models/acme/nano', FILE);
    const verified = () => run('models', 'verify', '--models', join(folder.path, 'models'), '--json');
    expect(await verified()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"state":"same"') });
    const damaged = Buffer.from(nano);
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 9) ^ 1, damaged.length - 9);
    writeFileSync(file, damaged);
    expect(await verified()).toMatchObject({ exitCode: 9, stdout: expect.stringContaining('"state":"differs"') });

    expect((await run('rm', 'acme/nano', '--yes')).stdout).toBe('Deleted acme/nano.\n');
    expect(existsSync(join(folder.path, 'models/acme'))).toBe(false);
    expect((await user.post('/api/v1/chat', { model: 'acme/nano', input: 'Hello' })).status).toBe(404);
    const unknown = await run('pull', 'acme/nano@q2_k');
    expect([unknown.exitCode, unknown.stderr]).toEqual([2, expect.stringContaining('It has: q8_0.')]);
  });
});
