import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { attenuateToken, type StoredTokenKind } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { exchange } from '../support/oauth.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ config: { log: 'trace' } });
});
afterAll(() => server[Symbol.asyncDispose]());

const STORED: readonly StoredTokenKind[] = ['api-key', 'custom', 'personal-access', 'legacy'];
const CUSTOM = 'Zq7-vT9qLm2xWz7RbKd4HsYc';

/** The part of a token that nobody may see. */
function secretOf(token: string): string {
  if (token === CUSTOM) return token;
  return token.includes('.') ? token.slice(token.lastIndexOf('.') + 1) : token.slice(-20);
}

describe('secrets', () => {
  verifies('secrets.every-kind', async () => {
    const tokens: string[] = [];
    for (const kind of STORED) {
      const secret = kind === 'custom' ? { secret: CUSTOM } : {};
      const { body } = await server.admin.post('/api/v1/tokens', { name: kind, kind, grant: CHAT_GRANT, ...secret });
      const { body: again } = await server.admin.post(`/api/v1/tokens/${body.id}/rotate`, { overlap: '1h' });
      tokens.push(body.token, ...(kind === 'custom' ? [] : [again.token]));
    }
    const [apiKey = ''] = tokens;
    tokens.push(
      await attenuateToken(llm, apiKey, CHAT_GRANT),
      (await exchange(server.url, apiKey, {})).body.access_token,
    );
    for (const token of tokens) {
      const holder = createApi(server.url, token);
      expect((await holder.get('/api/v1/whoami')).status).toBe(200);
      await holder.chat({ input: 'Hello' });
      await holder.chat({ model: token === CUSTOM ? 'x' : token, input: 'Hello' });
      await holder.request('POST', '/api/v1/chat', `{"${token}`);
      await createApi(server.url, `${token}x`).get('/v1/models');
      if (token !== CUSTOM) await server.admin.get(`/api/v1/tokens/${token}?after=${token}`);
    }
    const files = readdirSync(server.data, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name !== 'admin-token' && statSync(join(server.data, name)).isFile(),
    );
    const seen: Record<string, string> = {
      log: server.log.lines.join('\n'),
      audit: JSON.stringify((await server.admin.get('/api/v1/audit?limit=1000')).body),
      ...Object.fromEntries(files.map((name) => [name, readFileSync(join(server.data, name), 'latin1')])),
    };
    expect(files).toContain('latchkey.db');
    expect(seen.audit).toContain('token.rotated');
    for (const [where, text] of Object.entries(seen)) {
      for (const [index, token] of tokens.entries()) {
        expect(text.includes(secretOf(token)), `token ${index} in ${where}`).toBe(false);
      }
    }
  });

  verifies('secrets.budget-of-one', async () => {
    const holder = await createToken(server, 'one', { ...CHAT_GRANT, limits: { requestsPerMinute: 1 } });
    const answers = await Promise.all(Array.from({ length: 200 }, () => holder.get('/v1/models')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 199 }, () => 429)]);
  });
});
