import type { Grant } from '@latchkey/auth-core/llm';
import { callsTool, says, talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { open, send, sendAndLeave } from './in-process-client.ts';
import { newServer } from './new-server.ts';
import { AGENT, answer, chat, DECIDER, entriesOf, eventsOf, type Run, tools, waiting, waits } from './waiting-run.ts';

/** Goes on from the response whose call waits. */
async function goOn({ server, agent, responseId }: Run, more: object = {}) {
  const stream = await open(
    server.app,
    chat(agent, { stream: true, input: undefined, previous_response_id: responseId, ...more }),
  );
  return {
    stream,
    end: async () => eventsOf(await stream.received('"chat.end"')),
    ended: async (type: string) =>
      eventsOf(await stream.received('"chat.end"')).find((event) => event.type === type) ?? expect.fail(`no ${type}`),
  };
}

/** Lets every `wait` answer. */
async function release({ server }: Run): Promise<void> {
  await send(server.app, {
    method: 'POST',
    path: '/mcp',
    token: await server.issue({ actions: ['chat'], mcp: tools({ release: {} }) }),
    headers: { accept: 'application/json, text/event-stream' },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'release', arguments: {} } },
  });
}

const called = ({ server }: Run) => entriesOf(server, /^tool\.called$/);

describe('a call whose caller went away', () => {
  it('waits on, and is made for a caller who comes back once it was approved', async () => {
    const run = await waits();
    await run.leave();
    const decider = await run.server.issue(DECIDER, 'boss');
    expect(await waiting(run.server, decider)).toMatchObject([
      { id: run.id, arguments: { text: 'one' }, caller: 'away' },
    ]);
    const kept = await answer(run.server, decider, run.id, { decision: 'approve' });
    expect([kept.status, kept.json()]).toMatchObject([202, { decision: 'approve', caller: 'away' }]);
    expect(await waiting(run.server, decider)).toEqual([]);
    expect(await called(run)).toEqual([]);

    const { end } = await goOn(run);
    const events = await end();
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['tool_call.start', 'tool_call.arguments', 'tool_call.success', 'message.delta']),
    );
    // It does not wait any more.
    expect(events.map(({ type }) => type)).not.toContain('tool_call.approval_required');
    expect(events.at(-1)).toMatchObject({
      result: { output: [{ type: 'tool_call', tool: 'echo' }, { content: 'Done' }], response_id: expect.any(String) },
    });
    expect(await called(run)).toMatchObject([{ details: { approval: run.id } }]);
    expect(await entriesOf(run.server, /^tool\.denied$/)).toEqual([]);
  });

  it('waits on for a caller who comes back before anybody has decided, under the same id', async () => {
    const run = await waits();
    await run.leave();
    const { stream, ended } = await goOn(run);
    expect(await stream.received('approval_required')).toContain(`"approval_id":"${run.id}"`);
    const decider = await run.server.issue(DECIDER);
    const body = { decision: 'approve', arguments: { text: 'two' } };
    expect((await answer(run.server, decider, run.id, body)).status).toBe(200);
    expect(await ended('tool_call.success')).toMatchObject({ arguments: { text: 'two' } });
  });

  it('may wait for several returns', async () => {
    const run = await waits();
    await run.leave();
    const second = await goOn(run);
    const [shown] = eventsOf(await second.stream.received('"tool_call.approval_required"')).filter(
      ({ type }) => type === 'tool_call.approval_required',
    );
    second.stream.leave();
    const { stream, ended } = await goOn({ ...run, responseId: String(shown?.response_id) });
    expect(await stream.received('approval_required')).toContain(run.id);
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    await ended('tool_call.success');
    expect(await called(run)).toHaveLength(1);
  });

  it('is told to the model as denied when a person has denied it meanwhile', async () => {
    const run = await waits();
    await run.leave();
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'deny' });
    const { ended } = await goOn(run);
    expect(await ended('tool_call.failure')).toMatchObject({ reason: 'a person has denied this call' });
    expect(await called(run)).toEqual([]);
  });

  it('is made once, whoever goes on from the response', async () => {
    const run = await waits({ turns: [callsTool('echo', { text: 'one' }), says('1'), says('2'), says('3')] });
    await run.leave();
    const both = [await goOn(run), await goOn(run)];
    for (const { stream } of both) await stream.received('approval_required');
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    const ends = await Promise.all(both.map(({ end }) => end()));
    const outcomes = ends.flat().filter(({ type }) => /^tool_call.(success|failure)$/.test(String(type)));
    expect(outcomes).toMatchObject(outcomes.map(() => ({ type: 'tool_call.success', output: outcomes[0]?.output })));
    expect(outcomes).toHaveLength(2);
    const late = await goOn(run);
    expect(await late.ended('tool_call.success')).toMatchObject({ output: outcomes[0]?.output });
    expect(await called(run)).toHaveLength(1);
  });

  it('is not taken up by another token', async () => {
    const run = await waits();
    await run.leave();
    const body = { input: undefined, previous_response_id: run.responseId };
    const refused = await send(run.server.app, chat(await run.server.issue(AGENT), body));
    expect([refused.status, refused.json()]).toMatchObject([404, { error: { param: 'previous_response_id' } }]);
    expect(await waiting(run.server, await run.server.issue(DECIDER))).toHaveLength(1);
  });

  it('is refused when the token may not make it any more, though a person has approved it', async () => {
    const run = await waits();
    await run.leave();
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    const { tokenId } = await run.server.auth.verify(run.agent);
    const mcp = tools({ echo: { approval: 'ask', arguments: { text: { const: 'other' } } } });
    await run.server.auth.edit(tokenId, { grant: { ...AGENT, mcp } }, run.server.auth.operator());
    const { ended } = await goOn(run);
    expect(await ended('tool_call.failure')).toMatchObject({ reason: expect.stringContaining('token agent') });
    expect(await called(run)).toEqual([]);
  });

  it('waits on when what was approved meanwhile can not be sent', async () => {
    const run = await waits();
    await run.leave();
    const decider = await run.server.issue(DECIDER);
    const body = { decision: 'approve', arguments: { text: 'much too long' } };
    expect((await answer(run.server, decider, run.id, body)).status).toBe(202);
    const { ended, stream } = await goOn(run);
    await stream.received('approval_required');
    await expect.poll(() => waiting(run.server, decider)).toHaveLength(1);
    await answer(run.server, decider, run.id, { decision: 'approve' });
    expect(await ended('tool_call.success')).toMatchObject({ arguments: { text: 'one' } });
  });

  it('is asked about anew when the same name means a tool of another server', async () => {
    const grant: Grant = { ...AGENT, mcp: { ...AGENT.mcp, 'mcp/b': { tools: { echo: { approval: 'ask' } } } } };
    const run = await waits({}, { grant });
    await run.leave();
    const everything = await run.server.issue({ actions: ['approvals:decide'], mcp: { '*': { tools: { '*': {} } } } });
    await answer(run.server, everything, run.id, { decision: 'approve' });
    const { stream, ended } = await goOn(run, { integrations: ['mcp/b'] });
    expect(await stream.received('approval_required')).not.toContain(run.id);
    const [other] = await waiting(run.server, everything);
    expect(other).toMatchObject({ server: 'mcp/b' });
    await answer(run.server, everything, String(other?.id), { decision: 'deny' });
    await ended('tool_call.failure');
    expect(await called(run)).toEqual([]);
  });

  it('ends with its token', async () => {
    const run = await waits();
    const { tokenId } = await run.server.auth.verify(run.agent);
    await run.server.auth.revoke(tokenId, run.server.auth.operator());
    await run.stream.received('"chat.end"');
    expect(await waiting(run.server, await run.server.issue(DECIDER))).toEqual([]);
  });

  it('is answered before what its caller says on coming back', async () => {
    const run = await waits();
    await run.leave();
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    const { ended } = await goOn(run, { input: 'Are you there?' });
    const { result } = (await ended('chat.end')) as { result: { response_id: string } };
    const roles = () => run.server.engine.requests.at(-1)?.messages.map(({ role }) => role);
    expect(roles()).toEqual(['user', 'assistant', 'tool', 'user']);
    // Kept in the order in which it happened, and told in the order in which a model understands it.
    run.server.engine.turns.push(says('And on'));
    const more = { previous_response_id: result.response_id, input: 'Go on' };
    expect((await send(run.server.app, chat(run.agent, more))).status).toBe(200);
    expect(roles()).toEqual(['user', 'assistant', 'tool', 'user', 'assistant', 'user']);
  });

  it('is not made twice when its caller leaves once more, after it was made', async () => {
    const run = await waits({ turns: [callsTool('echo', { text: 'one' }), talksUntilAborted, says('Done')] });
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    await run.stream.received('"and "');
    await run.leave();
    const { ended } = await goOn(run);
    expect(await ended('chat.end')).toMatchObject({ result: { output: [{ type: 'message', content: 'Done' }] } });
    expect(run.server.engine.requests.at(-1)?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    expect(await called(run)).toHaveLength(1);
  });

  it('is made to its end when its caller leaves while it runs, and its result waits for the caller', async () => {
    const grant: Grant = { ...AGENT, mcp: tools({ wait: { approval: 'ask' } }) };
    const run = await waits({ turns: [callsTool('wait'), says('Done')] }, { grant });
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    await expect.poll(() => called(run)).toHaveLength(1);
    await run.leave();
    const back = goOn(run);
    await release(run);
    expect(await (await back).ended('chat.end')).toMatchObject({
      result: { output: [{ type: 'message', content: 'Done' }] },
    });
    expect(run.server.engine.requests.at(-1)?.messages).toMatchObject([
      {},
      {},
      { role: 'tool', content: [{ text: expect.stringContaining('released') }] },
    ]);
    const ends = await entriesOf(run.server, /^tool\.(called|ended)$/);
    expect(ends.filter(({ subject }) => subject === 'mcp/a wait').map(({ type }) => type)).toEqual([
      'tool.called',
      'tool.ended',
    ]);
  });

  it('is ended with its token while it runs without its caller', async () => {
    const grant: Grant = { ...AGENT, mcp: tools({ hang: { approval: 'ask' } }) };
    const run = await waits({ turns: [callsTool('hang'), says('Done')] }, { grant });
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    await expect.poll(() => called(run)).toHaveLength(1);
    await run.leave();
    const { tokenId } = await run.server.auth.verify(run.agent);
    await run.server.auth.revoke(tokenId, run.server.auth.operator());
    await expect
      .poll(async () => (await entriesOf(run.server, /^tool\.ended$/)).map(({ details }) => details?.outcome))
      .toEqual(['unknown']);
  });

  it('can still be denied after it was approved, as long as its caller is away', async () => {
    const run = await waits();
    await run.leave();
    const decider = await run.server.issue(DECIDER);
    expect((await answer(run.server, decider, run.id, { decision: 'approve' })).status).toBe(202);
    expect((await answer(run.server, decider, run.id, { decision: 'deny' })).status).toBe(202);
    const { ended } = await goOn(run);
    expect(await ended('tool_call.failure')).toMatchObject({ reason: 'a person has denied this call' });
    expect(await called(run)).toEqual([]);
  });

  it('is dropped, with an entry in the log, when its token ends', async () => {
    const run = await waits();
    await run.leave();
    const decider = await run.server.issue(DECIDER);
    expect(await waiting(run.server, decider)).toHaveLength(1);
    const { tokenId } = await run.server.auth.verify(run.agent);
    await run.server.auth.revoke(tokenId, run.server.auth.operator());
    expect(await waiting(run.server, decider)).toEqual([]);
    expect((await answer(run.server, decider, run.id, { decision: 'approve' })).status).toBe(409);
    await run.server.approvals.sweep();
    await expect
      .poll(async () => (await entriesOf(run.server, /^approval\./)).map(({ type, details }) => [type, details?.why]))
      .toEqual([
        ['approval.requested', undefined],
        ['approval.expired', 'token'],
      ]);
  });
});

describe('a call of a chat that does not stream', () => {
  it('is denied when its caller leaves, who was not told where to come back to', async () => {
    const server = await newServer({ turns: [callsTool('echo', { text: 'one' }), says('Done')] });
    const decider = await server.issue(DECIDER);
    const leave = sendAndLeave(server.app, chat(await server.issue(AGENT)));
    await expect.poll(() => waiting(server, decider)).toMatchObject([{ caller: 'waiting' }]);
    const [waits] = await waiting(server, decider);
    leave();
    await expect.poll(() => waiting(server, decider)).toEqual([]);
    const late = await answer(server, decider, String(waits?.id), { decision: 'approve' });
    expect([late.status, late.text]).toEqual([409, expect.stringContaining('was denied')]);
    expect(await entriesOf(server, /^tool\.called$/)).toEqual([]);
  });
});

describe('a decision that is sent twice', () => {
  it.each([{ decision: 'approve' }, { decision: 'deny' }, { decision: 'approve', arguments: { text: 'two' } }])(
    'counts once and is answered twice: %o',
    async (body) => {
      const run = await waits();
      const decider = await run.server.issue(DECIDER);
      const first = await answer(run.server, decider, run.id, body);
      await run.end();
      const second = await answer(run.server, decider, run.id, body);
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(second.json()).toMatchObject({ id: run.id, decision: body.decision });
      const other = { decision: body.decision === 'deny' ? 'approve' : 'deny' };
      expect((await answer(run.server, decider, run.id, other)).status).toBe(409);
      expect((await answer(run.server, await run.server.issue(DECIDER), run.id, body)).status).toBe(409);
      expect(await entriesOf(run.server, /^approval\.(approved|denied)$/)).toHaveLength(1);
    },
  );

  it('that the call did not take is in the log as refused', async () => {
    const grant: Grant = { ...AGENT, mcp: tools({ echo: { approval: 'ask', arguments: { text: { const: 'one' } } } }) };
    const run = await waits({}, { grant });
    const refused = await answer(run.server, await run.server.issue(DECIDER), run.id, {
      decision: 'approve',
      arguments: { text: 'two' },
    });
    expect(refused.status).toBe(403);
    expect(await entriesOf(run.server, /^approval\.refused$/)).toMatchObject([
      { details: { approval: run.id, code: 'PERMISSION_DENIED' } },
    ]);
  });
});

describe('a response that is complete', () => {
  it('has nothing to go on with but words', async () => {
    const run = await waits();
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    const { result } = (await run.end()).at(-1) as { result: { response_id: string } };
    expect(result.response_id).toBe(run.responseId);
    const body = { input: undefined, previous_response_id: run.responseId };
    const refused = await send(run.server.app, chat(run.agent, body));
    expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: 'input' } }]);
  });
});
