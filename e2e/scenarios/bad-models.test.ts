import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Json } from '../support/json.ts';
import { modelsFolder, NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
let server: TestServer;
beforeAll(async () => {
  folder = createTemporaryFolder();
  const nano = join(modelsFolder, 'latchkey', 'nano.gguf');
  const bytes = readFileSync(nano);
  const at = (...names: readonly string[]): string => join(folder.path, ...names);
  for (const name of ['latchkey', 'bad']) mkdirSync(at(name));
  copyFileSync(nano, at('latchkey', 'nano.gguf'));
  writeFileSync(at('bad', 'garbage.gguf'), randomBytes(5000));
  writeFileSync(at('bad', 'magic.gguf'), Buffer.concat([Buffer.from('GGUF'), randomBytes(5000)]));
  writeFileSync(at('bad', 'empty.gguf'), '');
  writeFileSync(at('bad', 'truncated.gguf'), bytes.subarray(0, bytes.length / 2));
  writeFileSync(at('bad', 'header.gguf'), bytes.subarray(0, 300));
  mkdirSync(at('bad', 'folder.gguf'));
  symlinkSync(at('nowhere'), at('bad', 'dangling.gguf'));
  symlinkSync('loop.gguf', at('bad', 'loop.gguf'));
  server = await startServer({ config: { models: folder.path } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe('a models folder with bad files in it', () => {
  verifies('bad-models.listed', async () => {
    const keys = (await server.admin.get('/api/v1/models')).body.models.map(({ key }: Json) => key);
    expect(keys).toContain(NANO);
    for (const bad of ['garbage', 'magic', 'empty', 'folder', 'dangling', 'loop']) {
      expect(keys).not.toContain(`bad/${bad}`);
    }
    expect((await server.admin.get('/v1/models')).body.data.map(({ id }: Json) => id).sort()).toEqual(keys.sort());
  });

  for (const [name, status, code] of [
    ['garbage', 500, 'model_load_failed'],
    ['magic', 500, 'model_load_failed'],
    ['empty', 500, 'model_load_failed'],
    ['truncated', 500, 'model_load_failed'],
    ['header', 500, 'model_load_failed'],
    ['folder', 404, 'model_not_found'],
    ['dangling', 404, 'model_not_found'],
    ['loop', 404, 'model_not_found'],
  ] as const) {
    verifies(
      'bad-models.refused',
      async () => {
        const { body, status: answered } = await server.admin.chat({ model: `bad/${name}`, input: 'Hello' });
        expect(answered).toBe(status);
        expect(body.error.code).toBe(code);
        expect(body.error.message).not.toContain(folder.path);
        expect((await server.admin.get('/health')).status).toBe(200);
      },
      name,
    );
  }

  verifies('bad-models.stream', async () => {
    const refused = await server.admin.post('/api/v1/chat', { model: 'bad/truncated', input: 'Hello', stream: true });
    expect(refused).toMatchObject({ status: 500, body: { error: { code: 'model_load_failed' } } });
  });

  verifies('bad-models.neighbour', async () => {
    const answers = await Promise.all(
      ['bad/truncated', NANO, 'bad/garbage', NANO].map((model) => server.admin.chat({ model, input: 'Hello' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([500, 200, 500, 200]);
  });
});
