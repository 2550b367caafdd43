import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createServer, defineConfig } from '../src/index.ts';
import { temporaryFolder } from './scripted/temporary-folder.ts';

describe('createServer', () => {
  it.each(['0.0.0.0', '::', '192.168.1.7', 'example.com', '127.0.0.1.example.com'])(
    'refuses to listen on %s without authentication, before it touches anything',
    async (host) => {
      const data = join(temporaryFolder(), 'data');
      await expect(createServer(defineConfig({ data, host, auth: false }))).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
        param: 'host',
        message: expect.stringContaining('--allow-unauthenticated-network'),
      });
      expect(existsSync(data)).toBe(false);
    },
  );

  it('holds callers without a token to its policy as well', async () => {
    const folder = temporaryFolder();
    const policy = { actions: ['chat'] };
    const places = { data: join(folder, 'data'), models: folder, port: 0, log: 'silent' } as const;
    await using server = await createServer(defineConfig({ ...places, auth: false, policy }), { environment: {} });
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(403);
  });

  it('refuses a policy that is no grant, and gives back what it has opened', async () => {
    const data = temporaryFolder();
    const config = defineConfig({ data, port: 0, policy: { actions: ['fly'] } });
    await expect(createServer(config, { environment: {} })).rejects.toMatchObject({
      code: 'AUTH_GRANT_INVALID',
      path: 'actions[0]',
    });
    expect(existsSync(join(data, 'server.json'))).toBe(false);
    expect(existsSync(join(data, 'latchkey.db-wal'))).toBe(false);
  });
});
