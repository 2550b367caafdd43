import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Json } from '../support/json.ts';
import { scripted } from '../support/mcp-servers.ts';
import {
  callsFunction,
  type MisbehavingUpstream,
  says,
  startMisbehavingUpstream,
} from '../support/misbehaving-upstream.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let model: MisbehavingUpstream;
let server: TestServer;
let holder: HeldToken;
beforeAll(async () => {
  model = await startMisbehavingUpstream();
  server = await startServer({
    config: { upstreams: { scripted: { urls: [model.url], models: { 'scripted/tiny': { name: 'tiny' } } } } },
    mcpServers: { many: scripted('many-tools'), few: scripted() },
  });
  // Of a thousand tools, the 111 whose numbers begin with a 7; and one whose arguments are judged.
  const rules = { 'mcp/many': { 'tool-7*': {} }, 'mcp/few': { echo: { arguments: { text: { pattern: '^red' } } } } };
  holder = await createToken(server, 'holder', { ...withTools(rules), models: ['*'] });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

const shown = ({ body }: Json): readonly string[] => (body.tools ?? []).map(({ function: { name } }: Json) => name);
const integrations = ['mcp/many', 'mcp/few'];

/** What each API calls the words of its user, and its path. */
const APIS: readonly (readonly [path: string, body: Json])[] = [
  ['/api/v1/chat', { input: 'Say it.' }],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Say it.' }] }],
  ['/v1/messages', { messages: [{ role: 'user', content: 'Say it.' }], max_tokens: 50 }],
  ['/v1/responses', { input: 'Say it.' }],
  ['/api/chat', { messages: [{ role: 'user', content: 'Say it.' }], stream: false }],
];

describe('a search for tools', () => {
  for (const [path, body] of APIS) {
    verifies(
      'tools.search',
      async () => {
        model.asked.splice(0);
        model.next.push(
          callsFunction('find_tools', { query: 'echo' }),
          callsFunction('echo', { text: 'red fox' }),
          callsFunction('find_tools', { query: 'tool-8' }),
          says('Said.'),
        );
        const request = { model: 'scripted/tiny', integrations, tool_search: true, ...body };
        const { status } = await holder.post(path, request);
        expect(status).toBe(200);
        const [first, second, , last] = model.asked;
        expect(shown(first)).toEqual(['find_tools']);
        expect(shown(second)).toEqual(['find_tools', 'echo']);
        expect(JSON.stringify(last?.body.messages)).toContain('red fox');
        // The grant does not permit tool-8: there is nothing of that name to be found.
        expect(shown(last)).not.toContain('tool-8');
      },
      path,
    );
  }

  verifies('tools.search-decided', async () => {
    model.asked.splice(0);
    model.next.push(
      callsFunction('find_tools', { query: 'echo' }),
      callsFunction('echo', { text: 'blue' }),
      callsFunction('tool-8', {}),
      says('No.'),
    );
    const { body } = await holder.post('/api/v1/chat', {
      model: 'scripted/tiny',
      input: 'Say it.',
      integrations,
      tool_search: true,
    });
    expect(body.output.slice(1, 3)).toMatchObject([
      { type: 'invalid_tool_call', reason: expect.stringMatching(/token holder.*argument text/) },
      { type: 'invalid_tool_call', metadata: { type: 'invalid_name' } },
    ]);
  });

  verifies('tools.search-tokens', async () => {
    const caller = await createToken(server, 'limited', {
      ...CHAT_GRANT,
      mcp: { 'mcp/many': { tools: { 'tool-7*': {} } } },
      limits: { toolSearchAbove: 20 },
    });
    const count = async (holder: HeldToken, more: object = {}): Promise<number> => {
      const messages = [{ role: 'user', content: 'Say it.' }];
      const request = { model: NANO, messages, integrations: ['mcp/many'], ...more };
      const { status, body } = await holder.post('/v1/messages/count_tokens', request);
      expect(status).toBe(200);
      return body.input_tokens;
    };
    const whole = await count(holder, {
      integrations: [{ type: 'plugin', id: 'mcp/many', allowed_tools: ['tool-7', 'tool-70', 'tool-71'] }],
    });
    const bare = await count(holder, { integrations: [] });
    const searched = await count(holder, { tool_search: true });
    // All 111 would take about 37 times as much as three.
    expect(searched - bare).toBeLessThan(((whole - bare) / 3) * 111);
    // The grant says so by itself, and a request cannot do without it.
    expect([await count(caller), await count(caller, { tool_search: false })]).toEqual([searched, searched]);
  });

  verifies('mcp.tool-search', async () => {
    const client = new Client({ name: 'e2e', version: '0' });
    const headers = { Authorization: `Bearer ${holder.token}` };
    const url = new URL('/mcp?tool_search=true', server.url);
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['call_tool', 'find_tools']);
    const find = async (query: string) => {
      const { content } = (await client.callTool({ name: 'find_tools', arguments: { query } })) as Json;
      return JSON.parse(content[0].text).tools.map(({ name }: Json) => name);
    };
    expect((await find('many__tool-77'))[0]).toBe('many__tool-77');
    expect(await find('many__tool-8')).not.toContain('many__tool-8');
    const call = (name: string, args: object) =>
      client.callTool({ name: 'call_tool', arguments: { name, arguments: args } });
    expect(await call('few__echo', { text: 'red fox' })).toMatchObject({ content: [{ text: 'red fox' }] });
    expect(await call('few__echo', { text: 'blue' })).toMatchObject({ isError: true });
    expect(await call('many__tool-8', {})).toMatchObject({ isError: true });
    await client.close();
  });
});
