import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import type { Json } from '../support/json.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const run = (...args: readonly string[]) => runLatchkey([...args, '--data', server.data]);
const printed = async (...args: readonly string[]): Promise<Json> => {
  const { exitCode, stdout, stderr } = await run(...args, '--json');
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
};
const ids = async (): Promise<readonly string[]> =>
  (await printed('ps')).instances.map(({ id }: { readonly id: string }) => id);

describe('the models in memory', () => {
  verifies('engine.instances', async () => {
    const first = await printed('load', NANO, '--context-length', '512', '--parallel', '1', '--flash-attention');
    expect(first).toMatchObject({
      instance_id: NANO,
      status: 'loaded',
      load_config: { context_length: 512, parallel: 1, flash_attention: true },
    });
    const second = await run('load', NANO, '--ttl', '1h');
    expect(second.stdout).toMatch(/^Loaded latchkey\/nano:2 in \d+\.\d seconds\.\n$/);
    expect(await ids()).toEqual([NANO, `${NANO}:2`]);

    const { token } = await createToken(server, 'user', CHAT_GRANT);
    const user = createApi(server.url, token);
    const answer = await user.post('/api/v1/chat', { model: `${NANO}:2`, input: 'Hello' });
    expect(answer.status).toBe(200);
    const refused = await user.post('/api/v1/models/load', { model: NANO });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'permission_denied']);
    expect((await user.post('/api/v1/models/unload', { instance_id: NANO })).status).toBe(403);

    expect((await run('unload', NANO)).stdout).toBe(`Unloaded ${NANO}.\n`);
    expect(await ids()).toEqual([`${NANO}:2`]);
    const gone = await run('unload', NANO);
    expect([gone.exitCode, gone.stderr]).toEqual([5, expect.stringContaining('No instance')]);
    await printed('unload', '--all');
    expect(await ids()).toEqual([]);
  });
});
