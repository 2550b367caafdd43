import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { everything, recording } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
let server: TestServer;
let holder: HeldToken;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer({
    mcpServers: { My_Notes: recording(join(folder.path, 'calls')), everything: everything() },
  });
  holder = await createToken(
    server,
    'holder',
    withTools({
      'mcp/my-notes': { fetch_note: {}, echo: { arguments: { message: { pattern: '^red' } } } },
      'mcp/everything': { 'get-sum': {}, 'trigger-*': {} },
    }),
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** The era of the protocol in which a client insists to speak. */
const ERAS = { legacy: 'legacy', modern: { pin: '2026-07-28' } } as const;

/** The client of the protocol's own SDK, with a token in its headers as people configure it. */
async function connect(
  { url }: Pick<TestServer, 'url'>,
  token: string,
  era: keyof typeof ERAS = 'modern',
): Promise<Client & AsyncDisposable> {
  const client = new Client({ name: 'e2e', version: '0' }, { versionNegotiation: { mode: ERAS[era] } });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } }));
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

const said = (text: string) => ({ content: [{ type: 'text', text }] });
const callsThatArrived = (): string => {
  const file = join(folder.path, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

describe('/mcp', () => {
  for (const era of ['legacy', 'modern'] as const) {
    verifies(
      'mcp.tools',
      async () => {
        await using client = await connect(server, holder.token, era);
        expect(client.getProtocolEra()).toBe(era);
        const { tools } = await client.listTools();
        expect(tools.map(({ name }) => name)).toEqual([
          'My_Notes__echo',
          'My_Notes__fetch_note',
          'everything__get-sum',
          'everything__trigger-long-running-operation',
        ]);
        expect(await client.callTool({ name: 'My_Notes__fetch_note' })).toMatchObject(said('The herring is red.'));
        const sum = await client.callTool({ name: 'everything__get-sum', arguments: { a: 2, b: 3 } });
        expect(sum).toMatchObject(said('The sum of 2 and 3 is 5.'));
      },
      era,
    );
  }

  for (const era of ['legacy', 'modern'] as const) {
    verifies(
      'mcp.progress',
      async () => {
        await using client = await connect(server, holder.token, era);
        const heard: unknown[] = [];
        await client.callTool(
          { name: 'everything__trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } },
          { onprogress: ({ progress, total }) => heard.push([progress, total]) },
        );
        // The last may come with the result, and then nobody waits for it any more.
        expect(heard.slice(0, 2)).toEqual([
          [1, 3],
          [2, 3],
        ]);
      },
      era,
    );

    verifies(
      'mcp.approval',
      async () => {
        const echo = { 'mcp/my-notes': { echo: { approval: 'ask' } } };
        const careful = await createToken(server, 'careful', withTools(echo));
        await using client = await connect(server, careful.token, era);
        const waits = Promise.withResolvers<string>();
        const called = client.callTool(
          { name: 'echo', arguments: { message: 'red and asked for' } },
          // As clients do that give up a call of which they hear nothing for so long.
          { onprogress: ({ message = '' }) => waits.resolve(message), resetTimeoutOnProgress: true },
        );
        const [, id] = /\(([^)]+)\)/.exec(await waits.promise) ?? [];
        expect(callsThatArrived()).not.toContain(`red and asked for ${era}`);
        const answer = { decision: 'approve', arguments: { message: `red and asked for ${era}` } };
        expect(await server.admin.post(`/api/v1/approvals/${id}`, answer)).toMatchObject({ status: 200 });
        expect((await called).content).toContainEqual({ type: 'text', text: `Echo: red and asked for ${era}` });
        expect(callsThatArrived()).toContain(`red and asked for ${era}`);
      },
      era,
    );
  }

  verifies('mcp.taint', async () => {
    await using tainted = await startServer({
      config: { taint: 'deny', toolLabels: { 'mcp/notes': { fetch_note: ['untrusted'], echo: ['egress'] } } },
      mcpServers: { notes: recording(join(folder.path, 'tainted-calls')) },
    });
    await using client = await connect(tainted, tainted.adminToken);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['fetch_note']);
    expect(await client.callTool({ name: 'fetch_note' })).toMatchObject(said('The herring is red.'));
    await expect(client.callTool({ name: 'echo', arguments: { message: 'out' } })).rejects.toThrow(
      'Unknown tool: echo',
    );
    expect(readFileSync(join(folder.path, 'tainted-calls'), 'utf8')).not.toContain('out');
  });

  verifies('mcp.unknown', async () => {
    await using client = await connect(server, holder.token);
    const refusals = await Promise.all(
      ['everything__get-env', 'everything__no-such-tool'].map((name) =>
        client.callTool({ name }).catch((error: Error) => error.message.replace(name, 'TOOL')),
      ),
    );
    expect(refusals[0]).toMatch(/Unknown tool: TOOL/);
    expect(refusals[1]).toBe(refusals[0]);
  });

  verifies('mcp.arguments', async () => {
    await using client = await connect(server, holder.token);
    const echo = (message: string) => client.callTool({ name: 'My_Notes__echo', arguments: { message } });
    expect(await echo('red fox')).toMatchObject(said('Echo: red fox'));
    expect(await echo('blue fox')).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/holder.*message/) }],
    });
    expect(callsThatArrived()).toContain('red fox');
    expect(callsThatArrived()).not.toContain('blue fox');
  });

  verifies('mcp.unauthenticated', async () => {
    const publicUrl = 'https://llm.example.com';
    const authorizationServers = ['https://login.example.com'];
    await using configured = await startServer({ config: { publicUrl, oauth: { authorizationServers } } });
    const path = '/.well-known/oauth-protected-resource/mcp';
    const knock = async ({ url }: TestServer) => {
      const answer = await fetch(`${url}/mcp`, { method: 'POST', body: '{}' });
      const metadata = await fetch(`${url}${path}`);
      return [answer.status, answer.headers.get('www-authenticate'), metadata.status];
    };
    expect(await knock(server)).toEqual([401, 'Bearer realm="latchkey"', 404]);
    expect(await knock(configured)).toEqual([
      401,
      `Bearer realm="latchkey", resource_metadata="${publicUrl}${path}", scope="chat"`,
      200,
    ]);
    expect(await (await fetch(`${configured.url}${path}`)).json()).toMatchObject({
      resource: `${publicUrl}/mcp`,
      authorization_servers: authorizationServers,
    });
  });

  verifies('mcp.ends-with-token', async () => {
    const leaver = await createToken(server, 'leaver', withTools({ 'mcp/everything': { '*': {} } }));
    await using client = await connect(server, leaver.token);
    const name = 'trigger-long-running-operation';
    const running = client.callTool({ name, arguments: { duration: 50, steps: 5 } }).then(
      ({ isError }) => (isError ? 'failed' : 'succeeded'),
      () => 'failed',
    );
    await server.admin.post(`/api/v1/tokens/${leaver.id}/revoke`, {});
    expect(await running).toBe('failed');
    await expect(client.callTool({ name: 'get-sum', arguments: { a: 2, b: 3 } })).rejects.toThrow();
  });

  verifies('mcp.loop', async () => {
    using data = createTemporaryFolder();
    const first = await startServer({ data: data.path });
    const { url, adminToken } = first;
    await first[Symbol.asyncDispose]();
    const self = { url: `${url}/mcp`, headers: { Authorization: `Bearer ${adminToken}` } };
    await using listed = await startServer({
      data: data.path,
      mcpServers: { self, notes: recording(join(folder.path, 'other-calls')) },
      flags: ['--port', new URL(url).port],
    });
    await using client = await connect(listed, adminToken);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['notes__echo', 'notes__fetch_note']);
    expect(listed.log.lines.join('\n')).toContain('HTTP 400');
  });
});
