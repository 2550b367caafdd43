import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { startServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
beforeAll(() => {
  folder = createTemporaryFolder();
});
afterAll(() => folder[Symbol.dispose]());

const tomorrow = import.meta.resolve('../support/tomorrow.ts');

describe('a second server on the data folder of a first', () => {
  verifies('state.restart', async () => {
    const data = join(folder.path, 'restarted');
    const told = await (async () => {
      await using server = await startServer({ data });
      const holder = await createToken(server, 'holder', CHAT_GRANT);
      const { body } = await holder.chat({ input: 'My favorite color is teal.' });
      return { token: holder.token, adminToken: server.adminToken, responseId: body.response_id };
    })();

    await using server = await startServer({ data });
    expect(server.adminToken).toBe(told.adminToken);
    const { body } = await createApi(server.url, told.token).chat({
      input: 'What is my favorite color?',
      previous_response_id: told.responseId,
    });
    expect(body.output[0].content).toContain('teal');
  });

  verifies('tokens.expiry', async () => {
    const data = join(folder.path, 'expired');
    const token = await (async () => {
      await using server = await startServer({ data });
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      const holder = await createToken(server, 'holder', CHAT_GRANT, { expiresAt });
      expect((await holder.get('/api/v1/whoami')).status).toBe(200);
      return holder.token;
    })();

    await using server = await startServer({ data, nodeArguments: ['--import', tomorrow] });
    const answer = await createApi(server.url, token).get('/api/v1/whoami');
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'token_expired' } } });
    expect((await server.admin.get('/api/v1/whoami')).status).toBe(200);
  });
});
