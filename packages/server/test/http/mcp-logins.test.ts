import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createMcpHost, createMemoryLoginStore, parseMcpJson } from '@latchkey/mcp-bridge';
import { startAuthorizationServer, startProtectedServer } from '@latchkey/mcp-bridge/testing';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { send } from './in-process-client.ts';
import { newLogins, newServer } from './new-server.ts';

const PATH = '/api/v1/mcp/servers/notes/login';
const redirectUri = 'http://127.0.0.1:7777/callback';
const mayUse = { actions: ['chat', 'mcp:read'], models: ['*'], mcp: { 'mcp/notes': { tools: { '*': {} } } } };
const mayWrite = { actions: ['mcp:write'], mcp: { 'mcp/notes': { tools: { '*': {} } } } };

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  server.registerTool('fetch_note', { description: 'Fetch the note.', inputSchema: z.object({}) }, async () => ({
    content: [{ type: 'text', text: 'The herring is red.' }],
  }));
  return server;
});
async function notes(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = new Headers(
    Object.entries(request.headers).map(([name, value]): [string, string] => [name, `${value}`]),
  );
  const init = request.method === 'POST' ? { method: 'POST', body: await text(request) } : {};
  const answer = await handler.fetch(new Request('http://127.0.0.1/mcp', { headers, ...init }));
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
}

async function newScene(oauth?: object) {
  const authorization = await startAuthorizationServer();
  const resource = await startProtectedServer({ authorization, handle: notes });
  const logins = newLogins({ store: createMemoryLoginStore() });
  const entry = { url: resource.url, ...(oauth === undefined ? {} : { oauth }) };
  const config = parseMcpJson(JSON.stringify({ mcpServers: { notes: entry } }), {});
  const mcp = createMcpHost({ config, logins });
  onTestFinished(async () => {
    await mcp[Symbol.asyncDispose]();
    await resource[Symbol.asyncDispose]();
    await authorization[Symbol.asyncDispose]();
  });
  const server = await newServer({ mcp, logins });
  const issueFor = async (owner: string, grant: object): Promise<string> =>
    (await server.auth.issue({ name: owner, owner, grant: grant as never }, server.auth.operator())).token;
  const ask = async (token: string, method: string, path = PATH, body?: object) => {
    const answer = await send(server.app, { method, path, token, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, body: answer.json() as Record<string, never> & { error?: { message: string } } };
  };
  const signIn = async (token: string) => {
    const { body } = await ask(token, 'POST', PATH, { redirectUri });
    const { headers } = await fetch(String(body.url), { redirect: 'manual' });
    return ask(token, 'POST', `${PATH}/${String(body.id)}`, { answer: headers.get('location') ?? '' });
  };
  const toolsOf = async (token: string) => {
    const { body } = await ask(token, 'GET', '/api/v1/mcp/servers?start=true');
    const [listed] = body.servers as unknown as readonly { tools: unknown[] | null; error: string; login: object }[];
    return listed;
  };
  const types = async () =>
    (await server.audit.list({ limit: 100 })).map(({ type }) => type).filter((type) => type.startsWith('mcp.'));
  return { server, authorization, issueFor, ask, signIn, toolsOf, types };
}

describe('a login at an MCP server', () => {
  it('is made and ended by its owner, listed, and in the audit log', async () => {
    const { issueFor, ask, signIn, toolsOf, types } = await newScene();
    const [mara, noor] = [await issueFor('mara', mayUse), await issueFor('noor', mayUse)];
    expect((await toolsOf(mara))?.error).toBe('it wants a login: latchkey mcp login notes');
    expect(await signIn(mara)).toEqual({ status: 200, body: { state: 'signed in' } });
    expect(await toolsOf(mara)).toMatchObject({
      tools: [{ name: 'fetch_note' }],
      login: { account: 'user', signedIn: true, wanted: false },
    });
    expect(await toolsOf(noor)).toMatchObject({ tools: null });
    expect((await ask(mara, 'GET')).body).toMatchObject({ id: 'mcp/notes', account: 'user', signedIn: true });
    expect((await ask(noor, 'GET')).body).toMatchObject({ signedIn: false });
    expect((await ask(noor, 'DELETE')).body).toEqual({ ended: false });
    expect(await toolsOf(mara)).toMatchObject({ tools: [{ name: 'fetch_note' }] });
    expect((await ask(mara, 'DELETE')).body).toEqual({ ended: true });
    expect(await toolsOf(mara)).toMatchObject({ tools: null, error: 'it wants a login: latchkey mcp login notes' });
    expect(await types()).toEqual(['mcp.signed_in', 'mcp.signed_out', 'mcp.signed_out']);
  });

  it('is said to be wanted before the server is started where mcp.json has "oauth"', async () => {
    const { issueFor, ask } = await newScene({ account: 'user' });
    const { body } = await ask(await issueFor('mara', mayUse), 'GET', '/api/v1/mcp/servers');
    expect(body.servers).toMatchObject([{ state: 'stopped', login: { wanted: true } }]);
  });

  it('needs a grant that names the server, and does not say whether there is one', async () => {
    const { issueFor, ask } = await newScene();
    const stranger = await issueFor('noor', { actions: ['chat', 'mcp:read'], models: ['*'] });
    for (const path of [PATH, '/api/v1/mcp/servers/nothing/login']) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const { status, body } = await ask(stranger, method, path);
        expect([status, body.error?.message.replace('nothing', 'notes')]).toEqual([
          403,
          expect.stringContaining("no grant of this token names 'notes'"),
        ]);
      }
    }
    const all = await issueFor('ada', { ...mayUse, mcp: { '*': { tools: { '*': {} } } } });
    expect((await ask(all, 'GET', '/api/v1/mcp/servers/nothing/login')).status).toBe(404);
  });

  it('that is shared needs mcp:write, and serves everyone who may use the server', async () => {
    const { issueFor, ask, signIn, toolsOf } = await newScene({ account: 'shared' });
    const [user, writer] = [await issueFor('mara', mayUse), await issueFor('ada', mayWrite)];
    expect((await ask(user, 'POST', PATH, { redirectUri })).body.error?.message).toContain('needs mcp:write');
    expect((await signIn(writer)).status).toBe(200);
    expect(await toolsOf(user)).toMatchObject({ tools: [{ name: 'fetch_note' }] });
    expect((await ask(user, 'DELETE')).status).toBe(403);
    expect((await ask(writer, 'DELETE')).body).toEqual({ ended: true });
    expect(await toolsOf(user)).toMatchObject({ tools: null });
  });

  it('is not made with a token that was derived from another', async () => {
    const { server, issueFor, ask } = await newScene();
    const mara = await issueFor('mara', mayUse);
    const derived = await server.auth.exchange(
      { name: 'agent', grant: mayUse as never, expiresAt: new Date(Date.now() + 3_600_000).toISOString() },
      await server.auth.verify(mara),
    );
    expect((await ask(derived.token, 'POST', PATH, { redirectUri })).status).toBe(403);
    expect((await ask(derived.token, 'DELETE')).status).toBe(403);
  });

  it('is finished by the token that began it', async () => {
    const { issueFor, ask } = await newScene();
    const [mara, other] = [await issueFor('mara', mayUse), await issueFor('mara', mayUse)];
    const { body } = await ask(mara, 'POST', PATH, { redirectUri });
    const { headers } = await fetch(String(body.url), { redirect: 'manual' });
    const answer = headers.get('location') ?? '';
    expect((await ask(other, 'POST', `${PATH}/${String(body.id)}`, { answer })).status).toBe(400);
    expect((await ask(mara, 'POST', `${PATH}/${String(body.id)}`, { answer })).status).toBe(200);
  });
});

it('describes this server as a client of others', async () => {
  const { server } = await newScene();
  const answer = await send(server.app, { path: '/oauth/client.json' });
  expect(answer.json()).toMatchObject({
    client_id: 'https://latchkey.test/oauth/client.json',
    redirect_uris: ['https://latchkey.test/console', 'http://127.0.0.1/callback', 'http://localhost/callback'],
    token_endpoint_auth_method: 'none',
  });
});
