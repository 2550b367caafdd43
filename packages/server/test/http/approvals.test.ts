import { attenuateToken } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { callsTool, says } from '@latchkey/engine/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { open, send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';
import { AGENT, answer, chat, DECIDER, entriesOf, eventsOf, PATH, tools, waiting, waits } from './waiting-run.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('a call that needs approval', () => {
  it('waits, is shown in the stream and to those who may decide, and is made once one of them approves', async () => {
    const { server, stream, id, end } = await waits();
    const decider = await server.issue(DECIDER, 'boss');
    const shown = eventsOf(await stream.received('approval_required')).find(({ approval_id }) => approval_id === id);
    expect(shown).toEqual({
      type: 'tool_call.approval_required',
      approval_id: id,
      response_id: expect.stringMatching(/^resp_/),
      tool: 'echo',
      arguments: { text: 'one' },
      provider_info: { type: 'plugin', plugin_id: 'mcp/a' },
    });
    const [approval] = await waiting(server, decider);
    expect(approval).toMatchObject({
      id,
      server: 'mcp/a',
      tool: 'echo',
      arguments: { text: 'one' },
      token: { name: 'agent' },
      project: null,
    });
    const decided = await answer(server, decider, id, { decision: 'approve' });
    expect([decided.status, decided.json()]).toMatchObject([200, { id, decision: 'approve' }]);
    const events = await end();
    expect(events.map(({ type }) => type)).toContain('tool_call.success');
    expect(await waiting(server, decider)).toEqual([]);
  });

  it('is refused when a person denies it, and the model reads that', async () => {
    const { server, id, end } = await waits();
    expect((await answer(server, await server.issue(DECIDER), id, { decision: 'deny' })).status).toBe(200);
    const failure = (await end()).find(({ type }) => type === 'tool_call.failure');
    expect(failure).toMatchObject({ reason: 'a person has denied this call', metadata: { tool_name: 'echo' } });
    expect(JSON.stringify(server.engine.requests.at(-1)?.messages)).toContain('a person has denied this call');
  });

  it('is made with the arguments that a person has changed, and the model is told which', async () => {
    const { server, id, end } = await waits();
    const body = { decision: 'approve', arguments: { text: 'two' } };
    expect((await answer(server, await server.issue(DECIDER), id, body)).status).toBe(200);
    const success = (await end()).find(({ type }) => type === 'tool_call.success');
    expect(success).toMatchObject({ arguments: { text: 'two' }, output: '[{"type":"text","text":"two"}]' });
    expect(JSON.stringify(server.engine.requests.at(-1)?.messages)).toContain('has changed the arguments');
  });

  it('is not made for a token whose grant was narrowed while it waited', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { server, id } = await waits();
    const operator = server.auth.operator();
    const agent = (await server.auth.list(operator)).find(({ name }) => name === 'agent');
    await server.auth.edit(agent?.id ?? '', { grant: { ...AGENT, mcp: tools({ fail: {} }) } }, operator);
    // The next look at the token.
    await vi.advanceTimersByTimeAsync(500);
    const refused = await answer(server, await server.issue(DECIDER), id, { decision: 'approve' });
    expect([refused.status, refused.json()]).toMatchObject([
      403,
      { error: { code: 'permission_denied', message: expect.stringContaining('token agent') } },
    ]);
    expect(await entriesOf(server, /^tool\.called$/)).toEqual([]);
  });

  it('waits on when it is approved with arguments that the grant of the run refuses', async () => {
    const { server, id, end } = await waits();
    const decider = await server.issue(DECIDER);
    const body = { decision: 'approve', arguments: { text: 'much too long' } };
    const refused = await answer(server, decider, id, body);
    expect([refused.status, refused.json()]).toMatchObject([
      403,
      { error: { code: 'permission_denied', param: 'arguments', message: expect.stringContaining('token agent') } },
    ]);
    expect(await waiting(server, decider)).toHaveLength(1);
    await answer(server, decider, id, { decision: 'approve' });
    expect((await end()).map(({ type }) => type)).toContain('tool_call.success');
  });

  it('waits on when it is approved with arguments that only the schema of the tool refuses', async () => {
    const grant = { ...AGENT, mcp: tools({ echo: { approval: 'ask' } }) };
    const { server, id, end } = await waits({}, { grant });
    const decider = await server.issue(DECIDER);
    const refused = await answer(server, decider, id, { decision: 'approve', arguments: { text: 5 } });
    expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: 'arguments' } }]);
    expect(refused.json()).toMatchObject({ error: { message: expect.stringContaining('"text"') } });
    await answer(server, decider, id, { decision: 'deny' });
    await end();
  });

  it('waits on when it is approved while the servers of mcp.json are switched off', async () => {
    const { server, id, end } = await waits();
    const decider = await server.issue({ ...DECIDER, actions: ['*'] });
    const set = (allowMcpJson: boolean) =>
      send(server.app, { method: 'PATCH', path: '/api/v1/settings', token: decider, body: { allowMcpJson } });
    await set(false);
    const refused = await answer(server, decider, id, { decision: 'approve' });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('allowMcpJson')]);
    await set(true);
    expect((await answer(server, decider, id, { decision: 'approve' })).status).toBe(200);
    await end();
  });

  it('waits on when it is approved with arguments that the own grant of whoever approves refuses', async () => {
    const { server, id, end } = await waits();
    const narrow = { ...DECIDER, mcp: tools({ echo: { arguments: { text: { enum: ['one'] } } } }) };
    const decider = await server.issue(narrow);
    const refused = await answer(server, decider, id, { decision: 'approve', arguments: { text: 'two' } });
    expect([refused.status, refused.json()]).toMatchObject([403, { error: { param: 'arguments' } }]);
    expect((await answer(server, decider, id, { decision: 'approve' })).status).toBe(200);
    await end();
  });

  it('is denied when nobody answers in time', async () => {
    // Its time may be over before anybody is told that it waits, so it is not waited for that.
    const server = await newServer({
      turns: [callsTool('echo', { text: 'one' }), says('Done')],
      approvalSeconds: 0.1,
    });
    const stream = await open(server.app, chat(await server.issue(AGENT), { stream: true }));
    const failure = eventsOf(await stream.received('"chat.end"')).find(({ type }) => type === 'tool_call.failure');
    expect(failure).toMatchObject({ reason: expect.stringContaining('no answer came in time') });
    expect(await waiting(server, await server.issue(DECIDER))).toEqual([]);
    expect(await entriesOf(server, /^tool\.called$/)).toEqual([]);
  });

  it('is denied when its caller goes away and nothing of the chat is kept', async () => {
    const { server, stream, id, responseId } = await waits({}, { more: { store: false } });
    expect(responseId).toBeUndefined();
    const decider = await server.issue(DECIDER);
    const watching = await open(server.app, { path: PATH, token: decider, headers: { accept: 'text/event-stream' } });
    await watching.received(id);
    stream.leave();
    expect(await watching.received('approval.ended')).toContain('"outcome":"denied"');
    watching.leave();
    const late = await answer(server, decider, id, { decision: 'approve' });
    expect([late.status, late.text]).toEqual([409, expect.stringContaining('was denied')]);
    expect(await entriesOf(server, /^tool\.called$/)).toEqual([]);
  });

  it('is denied when the token of its run is revoked', async () => {
    const { server, stream, id, agent } = await waits();
    const { tokenId } = await server.auth.verify(agent);
    await server.auth.revoke(tokenId, server.auth.operator());
    expect(await stream.received('"chat.end"')).toContain('token_revoked');
    const answered = await answer(server, await server.issue(DECIDER), id, { decision: 'approve' });
    expect([404, 409]).toContain(answered.status);
    expect(await entriesOf(server, /^tool\.called$/)).toEqual([]);
  });

  it('is not asked about when its arguments do not fit the schema of the tool', async () => {
    const server = await newServer({ turns: [callsTool('echo', { text: 5 }), says('Done')] });
    const token = await server.issue({ ...AGENT, mcp: tools({ echo: { approval: 'ask' } }) });
    const answered = await send(server.app, chat(token));
    expect(answered.json()).toMatchObject({ output: [{ type: 'invalid_tool_call' }, { type: 'message' }] });
    expect(await entriesOf(server, /^approval/)).toEqual([]);
  });

  it('waits for a caller who does not stream, too', async () => {
    const server = await newServer({ turns: [callsTool('echo', { text: 'one' }), says('Done')] });
    const decider = await server.issue(DECIDER);
    const watching = await open(server.app, { path: PATH, token: decider, headers: { accept: 'text/event-stream' } });
    const answered = send(server.app, chat(await server.issue(AGENT)));
    const event = eventsOf(await watching.received('approval.requested')).find((one) => 'approval' in one);
    const { id } = (event as { approval: { id: string } }).approval;
    await answer(server, decider, id, { decision: 'approve' });
    expect((await answered).json()).toMatchObject({
      output: [{ type: 'tool_call', tool: 'echo' }, { type: 'message' }],
    });
    expect(await watching.received('approval.ended')).toContain('"outcome":"approved"');
    watching.leave();
  });
});

describe('a request that requires approval', () => {
  const grant = { ...AGENT, mcp: tools({ echo: {}, fail: {} }) };
  const plugin = { type: 'plugin', id: 'mcp/a' };

  it.each([
    ['of all tools', [{ ...plugin, require_approval: 'always' }]],
    ['of all that it names', [{ ...plugin, allowed_tools: ['echo'], require_approval: 'always' }]],
    ['of some tools', [{ ...plugin, require_approval: { tools: ['echo'] } }]],
    ['once, and names the plugin twice', [{ ...plugin, require_approval: 'always' }, plugin]],
    ['once, and names the plugin twice the other way round', [plugin, { ...plugin, require_approval: 'always' }]],
  ])('%s waits with calls that the token could make without', async (_, integrations) => {
    const server = await newServer({ turns: [callsTool('echo', { text: 'one' }), says('Done')] });
    const stream = await open(server.app, chat(await server.issue(grant), { stream: true, integrations }));
    await stream.received('tool_call.approval_required');
    stream.leave();
  });

  it('of other tools does not wait', async () => {
    const integrations = [{ ...plugin, require_approval: { tools: ['fail'] } }];
    const server = await newServer({ turns: [callsTool('echo', { text: 'one' }), says('Done')] });
    const answered = await send(server.app, chat(await server.issue(grant), { integrations }));
    expect(answered.json()).toMatchObject({ output: [{ type: 'tool_call' }, { type: 'message' }] });
  });

  it('of other tools leaves what the token must have approved', async () => {
    const server = await newServer({ turns: [callsTool('echo', { text: 'one' }), says('Done')] });
    const integrations = [{ ...plugin, require_approval: { tools: ['fail'] } }];
    const stream = await open(server.app, chat(await server.issue(AGENT), { stream: true, integrations }));
    await stream.received('tool_call.approval_required');
    stream.leave();
  });

  it.each(['never', false, {}, { tools: [] }, { never: { tool_names: ['echo'] } }])(
    'has no word to loosen with: %j',
    async (word) => {
      const server = await newServer();
      const integrations = [{ ...plugin, require_approval: word }];
      expect((await send(server.app, chat(await server.issue(AGENT), { integrations }))).status).toBe(400);
    },
  );

  it('says what it may ask for to whom it refuses to loosen', async () => {
    const server = await newServer();
    const integrations = [{ ...plugin, require_approval: 'never' }];
    const refused = await send(server.app, chat(await server.issue(AGENT), { integrations }));
    expect(refused.json()).toMatchObject({ error: { message: expect.stringContaining('by "always" or {"tools"') } });
  });

  it.each(['ecko', 'calls', 'e*'])('of %s, which is none of its tools, is refused', async (name) => {
    const server = await newServer();
    const integrations = [{ ...plugin, require_approval: { tools: [name] } }];
    const refused = await send(server.app, chat(await server.issue(grant), { integrations }));
    expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: 'integrations' } }]);
  });

  it('of a tool that its own allowed_tools leave out gets that tool no more than before', async () => {
    const server = await newServer();
    const integrations = [{ ...plugin, allowed_tools: ['fail'], require_approval: { tools: ['echo'] } }];
    expect((await send(server.app, chat(await server.issue(grant), { integrations }))).status).toBe(400);
  });
});

describe('who may decide', () => {
  it.each([
    ['a grant without the tool', { ...DECIDER, mcp: tools({ fail: {} }) }],
    ['a grant without its arguments', { ...DECIDER, mcp: tools({ echo: { arguments: { text: { const: 'x' } } } }) }],
    ['a grant without tools', { actions: ['approvals:decide'] }],
  ])('is not somebody with %s: for them the call is not there', async (_, grant) => {
    const { server, id, stream } = await waits();
    const stranger = await server.issue(grant);
    expect(await waiting(server, stranger)).toEqual([]);
    const [there, absent] = await Promise.all(
      [id, 'none'].map((one) => answer(server, stranger, one, { decision: 'approve' })),
    );
    expect(there?.status).toBe(404);
    expect(there?.text.replace(id, 'none')).toBe(absent?.text);
    stream.leave();
  });

  it('is not the token of the run without the action, and is it with the action', async () => {
    const { server, id, agent, stream } = await waits();
    expect((await answer(server, agent, id, { decision: 'approve' })).status).toBe(403);
    stream.leave();
    const grant: Grant = { ...AGENT, actions: ['chat', 'approvals:decide'] };
    const own = await waits({}, { grant });
    expect((await answer(own.server, own.agent, own.id, { decision: 'approve' })).status).toBe(200);
    await own.end();
  });

  it('is no token that was derived from that of the run, and is the one that the run was derived from', async () => {
    const grant: Grant = { ...AGENT, actions: ['chat', 'approvals:decide'] };
    const { server, id, agent, stream } = await waits({}, { grant });
    const { token: exchanged } = await server.auth.exchange({ name: 'helper' }, await server.auth.verify(agent));
    const attenuated = await attenuateToken(llm, agent, grant);
    for (const key of [exchanged, attenuated]) {
      expect((await answer(server, key, id, { decision: 'approve' })).status).toBe(404);
      expect(await waiting(server, key)).toEqual([]);
    }
    stream.leave();
    let person = '';
    const derive = async ({ auth }: TestServer, issued: string) => {
      person = issued;
      return (await auth.exchange({ name: 'program' }, await auth.verify(issued))).token;
    };
    const own = await waits({}, { grant, derive });
    expect((await answer(own.server, person, own.id, { decision: 'approve' })).status).toBe(200);
    await own.end();
  });

  it.each(['agent', 'another name', 'boss'])(
    'is no key that the token of the run was exchanged for: %s',
    async (name) => {
      const { server, id, agent, stream } = await waits();
      await server.issue(DECIDER, 'boss');
      const { token } = await server.auth.exchange({ name }, await server.auth.verify(agent));
      const narrower = await attenuateToken(llm, agent, AGENT);
      for (const key of [token, narrower]) {
        for (const more of [{}, { name: 'boss' }, { decided_by: 'boss' }, { token: { name: 'boss' } }]) {
          const said = await answer(server, key, id, { decision: 'approve', ...more });
          expect(said.status).toBe(403);
        }
        expect((await send(server.app, { method: 'GET', path: PATH, token: key })).status).toBe(403);
      }
      expect(await waiting(server, await server.issue(DECIDER))).toMatchObject([{ id }]);
      stream.leave();
    },
  );

  it('has the name of its token in the log, whatever the body says', async () => {
    const { server, id, end } = await waits();
    const decider = await server.issue(DECIDER, 'boss');
    expect((await answer(server, decider, id, { decision: 'approve', name: 'somebody' })).status).toBe(400);
    await answer(server, decider, id, { decision: 'approve' });
    await end();
    const [entry] = await entriesOf(server, /^approval\.approved$/);
    expect(entry).toMatchObject({ actor: { name: 'boss' } });
  });

  it('is nobody of another project', async () => {
    const { server, id, stream } = await waits({}, { project: 'web' });
    const issue = async (project: string): Promise<string> =>
      (await server.auth.issue({ name: 'boss', grant: DECIDER, project }, server.auth.operator())).token;
    const [own, foreign] = [await issue('web'), await issue('shop')];
    expect(await waiting(server, foreign)).toEqual([]);
    expect((await answer(server, foreign, id, { decision: 'approve' })).status).toBe(404);
    expect(await waiting(server, own)).toMatchObject([{ id, project: 'web' }]);
    stream.leave();
  });

  it('is the first who says something', async () => {
    const { server, id, end } = await waits();
    const decider = await server.issue(DECIDER);
    const answers = await Promise.all(['approve', 'deny'].map((decision) => answer(server, decider, id, { decision })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      200,
      expect.toSatisfy((s) => [404, 409].includes(s)),
    ]);
    await end();
  });

  it.each([{}, { decision: 'maybe' }, { decision: 'deny', arguments: {} }, { decision: 'approve', arguments: [] }])(
    'does not say %j',
    async (body) => {
      const { server, id, stream } = await waits();
      expect((await answer(server, await server.issue(DECIDER), id, body)).status).toBe(400);
      stream.leave();
    },
  );

  it('does not watch any longer than the own token is valid', async () => {
    const server = await newServer();
    const { record, token } = await server.auth.issue({ name: 'boss', grant: DECIDER }, server.auth.operator());
    const ended = send(server.app, { path: PATH, token, headers: { accept: 'text/event-stream' } });
    const other = await open(server.app, { path: PATH, token, headers: { accept: 'text/event-stream' } });
    await other.received('watching');
    await server.auth.revoke(record.id, server.auth.operator());
    expect((await ended).text).toContain('watching');
    other.leave();
  });
});

describe('the audit log', () => {
  it('says that a call waits, who has approved it, and that it was made', async () => {
    const { server, id, end } = await waits();
    await answer(server, await server.issue(DECIDER, 'boss'), id, { decision: 'approve' });
    await end();
    const [asked, ...others] = await entriesOf(server, /^(approval|tool\.called)/);
    const details = { approval: id };
    expect(asked).toMatchObject({
      type: 'approval.requested',
      actor: { name: 'agent' },
      subject: 'mcp/a echo',
      details,
    });
    expect(others.toSorted((one, other) => one.type.localeCompare(other.type))).toMatchObject([
      { type: 'approval.approved', actor: { name: 'boss' }, subject: 'mcp/a echo', details },
      { type: 'tool.called', actor: { name: 'agent' }, subject: 'mcp/a echo', details },
    ]);
    expect(server.log.join('')).not.toContain('"one"');
  });

  it('says why a call that has waited was not made', async () => {
    const { server, id, end } = await waits();
    await answer(server, await server.issue(DECIDER, 'boss'), id, { decision: 'deny' });
    await end();
    const entries = await entriesOf(server, /^(approval\.denied|tool\.denied|tool\.called)/);
    expect(entries.map(({ type }) => type).toSorted()).toEqual(['approval.denied', 'tool.denied']);
    expect(entries).toContainEqual(
      expect.objectContaining({ details: expect.objectContaining({ rule: 'approval', approval: id }) }),
    );
  });
});
