import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Grant } from '@latchkey/auth-core/llm';
import { ScriptedEngine, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import {
  type ConversationStore,
  createServer,
  type DailyUsage,
  defineConfig,
  type Server,
  type StoredTurn,
  type UsageStore,
} from '../src/index.ts';
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

  it("keeps the administrator's token in the data folder the one that works, when it gets a new secret", async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'data');
    const config = defineConfig({ data, models: folder, port: 0, log: 'silent' });
    await using server = await createServer(config, { environment: {} });
    const inFile = () => readFileSync(join(data, 'admin-token'), 'utf8').trim();
    const old = inFile();
    type Json = Readonly<Record<string, unknown>>;
    const ask = async (token: string, path: string, init: RequestInit = {}): Promise<Json> => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      return (await (await fetch(server.url + path, { ...init, headers })).json()) as Json;
    };
    const [{ id }] = (await ask(old, '/api/v1/tokens')).tokens as [Json];
    const { token } = await ask(old, `/api/v1/tokens/${id}/rotate`, { method: 'POST', body: '{}' });
    expect(inFile()).toBe(token);
    expect(token).not.toBe(old);
    expect(await ask(inFile(), '/api/v1/whoami')).toMatchObject({ name: 'administrator' });
  });

  it('refuses labels of tools that match no server, since a safety would be switched off by a slip', async () => {
    const data = temporaryFolder();
    writeFileSync(join(data, 'mcp.json'), '{ "mcpServers": { "web": { "url": "http://127.0.0.1:9/mcp" } } }');
    const toolLabels = { 'mcp/wen': { '*': ['untrusted' as const] } };
    const config = defineConfig({ data, port: 0, mcp: join(data, 'mcp.json'), taint: 'deny', toolLabels });
    await expect(createServer(config, { environment: {} })).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('"mcp/wen"'),
    });
    expect(existsSync(join(data, 'server.json'))).toBe(false);
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

  it('keeps what is said and used in stores that are brought, and nothing of it in its own', async () => {
    const data = temporaryFolder();
    const turns = new Map<string, StoredTurn>();
    const used: DailyUsage[] = [];
    const conversations: ConversationStore = {
      save: async (turn) => turns.set(turn.id, turn).size > 0,
      update: async (turn) => turns.has(turn.id) && turns.set(turn.id, turn).size > 0,
      list: async () => [...turns.values()],
      find: async (id) => turns.get(id),
      remove: async (id) => Number(turns.delete(id)),
      load: async (id) => turns.get(id),
      beat: async () => undefined,
      pulse: async () => undefined,
      abandon: async () => undefined,
    };
    const usage: UsageStore = {
      add: async (records) => void used.push(...records),
      rootIds: async () => used.map(({ rootId }) => rootId),
      sum: async () => used.map((record) => ({ ...record, value: record.day })),
    };
    const config = defineConfig({ data, models: data, port: 0, log: 'silent' });
    const engines = [new ScriptedEngine(says('Hi'))];
    {
      await using server = await createServer(config, { environment: {}, engines, stores: { conversations, usage } });
      const ask = asCaller(server);
      const said = await ask('POST', '/api/v1/chat', { model: 'ibm/granite', input: 'Hello' });
      expect([...turns.keys()]).toEqual([said.response_id]);
      expect(await ask('GET', `/api/v1/responses/${said.response_id}`)).toMatchObject({ id: said.response_id });
      expect(await ask('GET', '/api/v1/usage')).toMatchObject({ totals: { requests: 1 } });
    }
    await using server = await createServer(config, { environment: {} });
    const ask = asCaller(server);
    expect(await ask('GET', '/api/v1/responses')).toMatchObject({ responses: [] });
    expect(await ask('GET', '/api/v1/usage')).toMatchObject({ totals: { requests: 0 } });
  });
});

/** Asks a server as one that may do everything. */
function asCaller({ url, auth }: Server) {
  const grant = { actions: ['*'], models: ['*'] } as const;
  const issued = auth.issue({ name: 'caller', grant: { ...grant } as Grant }, auth.operator());
  return async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${(await issued).token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Record<string, unknown>;
  };
}
