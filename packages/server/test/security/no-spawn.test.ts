import childProcess, { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { says } from '@latchkey/engine/testing';
import { createMcpHost } from '@latchkey/mcp-bridge';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';

const COMMAND = 'latchkey-canary';
const PATHS = ['/api/v1/chat', '/v1/chat/completions', '/v1/responses'];

/** Remembers the programs that this process starts; each start fails. */
function watchSpawn(): string[] {
  const started: string[] = [];
  const prototype = ChildProcess.prototype as unknown as { spawn: (options: { file: string }) => unknown };
  const original = { spawn: prototype.spawn, spawnSync: childProcess.spawnSync };
  prototype.spawn = (options) => {
    started.push(options.file);
    throw new Error('a program was started');
  };
  childProcess.spawnSync = ((file: string) => {
    started.push(file);
    throw new Error('a program was started');
  }) as typeof original.spawnSync;
  syncBuiltinESMExports();
  onTestFinished(() => {
    prototype.spawn = original.spawn;
    childProcess.spawnSync = original.spawnSync;
    syncBuiltinESMExports();
  });
  return started;
}

const program = { command: COMMAND, args: ['-c', 'x'], env: { A: 'b' } };
const spelled = fc.constantFrom<unknown>(
  COMMAND,
  program,
  [program],
  { mcpServers: { x: program } },
  `stdio:${COMMAND}`,
  `file:///bin/${COMMAND}`,
  `https://mcp.example.com/;${COMMAND}`,
  `$(${COMMAND})`,
  'mcp/none',
  'ephemeral/x',
  '../../mcp.json',
);
const key = fc.constantFrom(
  ...['type', 'id', 'server_label', 'server_url', 'allowed_tools', 'headers', 'command', 'args', 'env', 'transport'],
  ...['url', 'stdio', 'mcpServers', 'servers', 'label', 'label.command', '__proto__', 'constructor'],
);
const value = fc.oneof(spelled, fc.constantFrom<unknown>('plugin', 'ephemeral_mcp', 'stdio', 'mcp'), fc.jsonValue());
const integration = fc.oneof(
  spelled,
  fc.dictionary(key, value, { maxKeys: 6 }),
  fc.record({
    type: fc.constant('ephemeral_mcp'),
    server_label: fc.oneof(fc.constantFrom('x', COMMAND), fc.string({ maxLength: 8 })),
    server_url: fc.oneof(spelled.map(String), fc.webUrl()),
    headers: fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), { maxKeys: 2 }),
  }),
);
const body = fc.record(
  {
    model: fc.constant('ibm/granite'),
    input: fc.constant('Hi'),
    messages: fc.constant([{ role: 'user', content: 'Hi' }]),
    integrations: fc.oneof(fc.array(integration, { maxLength: 3 }), value),
    tools: value,
    mcp_servers: value,
    mcpServers: value,
    plugins: value,
  },
  { requiredKeys: ['model', 'integrations'] },
);

describe('what a request says', () => {
  it('never starts a program, whatever its shape (commands from requests)', async () => {
    // Names lead nowhere, so that nobody is asked over the network.
    const resolve = () => Promise.reject(new Error('no such name'));
    const mcp = createMcpHost({ config: { servers: new Map(), warnings: [] }, ephemeral: {}, resolve });
    onTestFinished(() => mcp[Symbol.asyncDispose]());
    const server = await newServer({ mcp, turns: Array.from({ length: 3_000 }, () => says('Hi')) });
    const everything = {
      actions: ['*'],
      models: ['*'],
      mcp: { '*': { tools: { '*': {} } } },
      ephemeralMcp: { hosts: ['*'], tools: ['*'] },
    };
    const token = await server.issue(everything);
    const post = (path: string, document: unknown) =>
      send(server.app, {
        method: 'POST',
        path,
        token,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(document),
      });
    await send(server.app, {
      method: 'PATCH',
      path: '/api/v1/settings',
      token,
      headers: { 'content-type': 'application/json' },
      body: '{"allowEphemeralMcp": true}',
    });
    const started = watchSpawn();
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PATHS), body, async (path, document) => {
        const { integrations, ...rest } = document as Record<string, unknown>;
        const { messages: _, ...chat } = rest;
        const { input: __, ...completion } = rest;
        const { status } = await post(path, { ...(path === PATHS[0] ? chat : completion), integrations });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect(started).toEqual([]);
      }),
      { numRuns: 1500 },
    );
    expect(statuses.get(400)).toBeGreaterThan(100);
    // The fuzzer got as far as connecting, and the watch would have seen a start.
    const name = { type: 'ephemeral_mcp', server_label: 'x', server_url: 'https://mcp.example.com/' };
    const chat = (integrations: unknown[]) => post('/api/v1/chat', { model: 'ibm/granite', input: 'Hi', integrations });
    expect((await chat([name])).status).toBe(502);
    expect(started).toEqual([]);
    expect(() => spawn(COMMAND)).toThrow('a program was started');
    expect(() => spawnSync(COMMAND)).toThrow('a program was started');
    expect(started).toEqual([COMMAND, COMMAND]);
  });
});
