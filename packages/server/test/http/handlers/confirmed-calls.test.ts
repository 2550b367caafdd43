import { callsTool, says, type Turn } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from '../in-process-client.ts';
import { newServer } from '../new-server.ts';
import { CHAT, type Json, open } from '../responses-caller.ts';

describe('a call that its caller confirms', () => {
  const asks = { type: 'mcp', server_label: 'letters', connector_id: 'mcp/a', require_approval: 'always' };
  const turns = [callsTool('echo', { text: 'one' }), says('Well')];

  it('is made once, after an approval of the request for it, stored or sent back', async () => {
    const { ask, post, stream, prompts } = await open(...turns, ...turns, ...turns);
    const asked = (await post({ tools: [asks] })).json() as { id: string; output: Json[] };
    const [, request] = asked.output;
    expect(asked).toMatchObject({
      status: 'completed',
      output: [
        { type: 'mcp_list_tools' },
        { type: 'mcp_approval_request', server_label: 'letters', name: 'echo', arguments: '{"text":"one"}' },
      ],
    });
    const approval = { type: 'mcp_approval_response', approval_request_id: request?.id, approve: true };
    const made = { type: 'mcp_call', approval_request_id: request?.id, output: 'one', server_label: 'letters' };
    const goesOn = await post({ previous_response_id: asked.id, input: [approval], tools: [asks] });
    expect(goesOn.json()).toMatchObject({ output: [{ type: 'mcp_list_tools' }, made, { type: 'message' }] });
    expect(prompts()[1]?.at(-1)).toMatchObject({ role: 'tool', content: [{ type: 'text', text: 'one' }] });

    const events = await stream({ tools: [asks], store: false });
    const { output } = (events.at(-1) as { response: { output: Json[] } }).response;
    const input = [{ role: 'user', content: 'Hi' }, ...output, { ...approval, approval_request_id: output[1]?.id }];
    const sentBack = await ask({ body: { model: 'small', store: false, input, tools: [asks] } });
    expect(sentBack.json()).toMatchObject({ output: [{}, { ...made, approval_request_id: output[1]?.id }, {}] });
  });

  it.each([
    ['a refusal', (id: unknown) => [{ type: 'mcp_approval_response', approval_request_id: id, approve: false }]],
    ['no answer', () => [{ role: 'user', content: 'Never mind' }]],
  ])('is not made after %s', async (_, answer) => {
    const { post, prompts } = await open(...turns);
    const asked = (await post({ tools: [asks] })).json() as { id: string; output: Json[] };
    const input = answer(asked.output[1]?.id);
    const goesOn = (await post({ previous_response_id: asked.id, input, tools: [asks] })).json();
    expect(goesOn).toMatchObject({
      output: [{}, { type: 'mcp_call', status: 'failed', output: null }, { type: 'message' }],
    });
    expect(JSON.stringify(prompts()[1])).toContain('the user has not approved this call');
  });

  it('is not made by a request without a word of it, in any API', async () => {
    const { ask, post, prompts } = await open(turns[0] as Turn, says('Well'), says('Well'));
    const { id } = (await post({ tools: [asks] })).json();
    const silent = { model: 'small', previous_response_id: id, input: 'And?' };
    await ask({ body: { ...silent, tools: [{ ...asks, require_approval: 'never' }] } });
    await ask({ path: '/api/v1/chat', body: { ...silent, integrations: ['mcp/a'] } });
    for (const prompt of prompts().slice(1)) expect(JSON.stringify(prompt)).toContain('has not approved this call');
  });

  it('is decided by the grant all the same', async () => {
    const server = await newServer({ turns });
    const rules = { echo: { arguments: { text: { const: 'two' } } } };
    const token = await server.issue({ ...CHAT, mcp: { 'mcp/a': { tools: rules } } });
    const post = async (body: Json) =>
      (
        await send(server.app, { method: 'POST', path: '/v1/responses', token, body: { model: 'small', ...body } })
      ).json();
    const asked = (await post({ input: 'Hi', tools: [asks] })) as { id: string; output: Json[] };
    const approval = { type: 'mcp_approval_response', approval_request_id: asked.output[1]?.id, approve: true };
    const goesOn = await post({ previous_response_id: asked.id, input: [approval], tools: [asks] });
    expect(goesOn).toMatchObject({ output: [{}, { type: 'mcp_call', status: 'failed' }, {}] });
  });

  it("waits for the operator's approval as well, which its caller cannot give", async () => {
    const server = await newServer({ turns });
    const mcp = { 'mcp/a': { tools: { echo: { approval: 'ask' } } } };
    const token = await server.issue({ ...CHAT, mcp });
    const decider = await server.issue({ actions: ['chat', 'approvals:decide'], models: ['*'], mcp });
    const post = async (body: Json) =>
      (
        await send(server.app, { method: 'POST', path: '/v1/responses', token, body: { model: 'small', ...body } })
      ).json();
    const asked = (await post({ input: 'Hi', tools: [asks] })) as { id: string; output: Json[] };
    const approval = { type: 'mcp_approval_response', approval_request_id: asked.output[1]?.id, approve: true };
    const answer = post({ previous_response_id: asked.id, input: [approval], tools: [asks] });
    const waiting = async () => {
      const listed = await send(server.app, { path: '/api/v1/approvals', token: decider });
      return (listed.json() as { approvals: Json[] }).approvals;
    };
    await expect.poll(waiting).toHaveLength(1);
    const [{ id } = {}] = await waiting();
    const path = `/api/v1/approvals/${id}`;
    const refused = await send(server.app, { method: 'POST', path, token, body: { decision: 'approve' } });
    expect(refused.status).toBe(403);
    await send(server.app, { method: 'POST', path, token: decider, body: { decision: 'deny' } });
    expect(await answer).toMatchObject({ output: [{}, { type: 'mcp_call', status: 'failed' }, { type: 'message' }] });
  });

  it.each([
    ['tools that are never asked about', { never: { tool_names: ['echo'] } }, 'mcp_call'],
    ['tools that others are', { always: { tool_names: ['other'] } }, 'mcp_call'],
    ['tools in neither list', { never: { tool_names: ['other'] } }, 'mcp_approval_request'],
    ['tools in both', { always: { tool_names: ['echo'] }, never: { tool_names: ['echo'] } }, 'mcp_approval_request'],
    ['a server without a word of it', undefined, 'mcp_call'],
  ])('may be one of %s', async (_, required, type) => {
    const { post } = await open(...turns);
    const { output } = (await post({ tools: [{ ...asks, require_approval: required }] })).json() as { output: Json[] };
    expect(output[1]?.type).toBe(type);
  });
});
