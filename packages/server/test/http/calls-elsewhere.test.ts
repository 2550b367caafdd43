import type { Grant } from '@latchkey/auth-core/llm';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { open, send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';
import { AGENT, answer, chat, DECIDER, entriesOf, eventsOf, type Run, tools, waits } from './waiting-run.ts';

const SLOW: Grant = { ...AGENT, mcp: tools({ wait: { approval: 'ask' } }) };
const RELEASER: Grant = { actions: ['chat'], mcp: tools({ release: {} }) };

/** Goes on, on some server, from the response whose call waits. */
async function goOn(server: TestServer, { agent, responseId }: Run, input?: string) {
  const stream = await open(server.app, chat(agent, { stream: true, input, previous_response_id: responseId }));
  return async () => eventsOf(await stream.received('"chat.end"'));
}

/** Lets every `wait` of this server answer. */
const release = async ({ app, issue }: TestServer): Promise<unknown> =>
  send(app, {
    method: 'POST',
    path: '/mcp',
    token: await issue(RELEASER),
    headers: { accept: 'application/json, text/event-stream' },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'release', arguments: {} } },
  });

const callsOf = async (...servers: TestServer[]): Promise<number> => {
  const called = await Promise.all(servers.map((server) => entriesOf(server, /^tool\.called$/)));
  return called.flat().filter(({ subject }) => subject !== 'mcp/a release').length;
};

describe('an approved call, for a caller that comes back on another server of the database', () => {
  it('is waited for while it runs there, and its result goes on the conversation', async () => {
    const run = await waits({ turns: [callsTool('wait'), says('Done')] }, { grant: SLOW });
    const other = await newServer({ turns: [says('Done elsewhere')], shares: run.server.shared });
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    await expect.poll(() => callsOf(run.server)).toBe(1);
    await run.leave();
    const back = goOn(other, run);
    await release(run.server);
    const events = await (await back)();
    expect(events.at(-1)).toMatchObject({ result: { output: [{ type: 'message', content: 'Done elsewhere' }] } });
    expect(other.engine.requests.at(-1)?.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant' },
      { role: 'tool', content: [{ type: 'text', text: 'released' }] },
    ]);
    expect(await callsOf(run.server, other)).toBe(1);
  });

  it('is waited for, too, while its first caller is still there', async () => {
    const run = await waits({ turns: [callsTool('wait'), says('Done')] }, { grant: SLOW });
    const other = await newServer({ turns: [says('Done elsewhere')], shares: run.server.shared });
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    await expect.poll(() => callsOf(run.server)).toBe(1);
    const back = goOn(other, run, 'And then?');
    await release(run.server);
    expect(JSON.stringify(await (await back)())).not.toContain('not known');
    expect(await callsOf(run.server, other)).toBe(1);
  });

  it('is made once when callers wait on both, and both have its result', async () => {
    const run = await waits({ turns: [callsTool('wait'), says('1'), says('2')] }, { grant: SLOW });
    await run.leave();
    const other = await newServer({ turns: [says('3')], shares: run.server.shared });
    const both = [await goOn(run.server, run), await goOn(other, run)];
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    await expect.poll(() => callsOf(run.server, other)).toBe(1);
    for (const server of [run.server, other]) await release(server);
    for (const end of both) {
      const success = (await end()).find(({ type }) => type === 'tool_call.success');
      expect(success).toMatchObject({ output: expect.stringContaining('released') });
    }
    expect(await callsOf(run.server, other)).toBe(1);
    // And for one that comes when all is over.
    other.engine.turns.push(says('4'));
    expect((await (await goOn(other, run))()).map(({ type }) => type)).toContain('tool_call.success');
    expect(await callsOf(run.server, other)).toBe(1);
  });

  it('has an answer that counts as read there, so that taint follows it', async () => {
    const grant: Grant = { ...SLOW, mcp: tools({ wait: { approval: 'ask' }, echo: {} }) };
    const run = await waits({ turns: [callsTool('wait'), says('1')] }, { grant });
    await run.leave();
    const toolLabels = { 'mcp/a': { wait: ['untrusted'], echo: ['egress'] } } as const;
    const other = await newServer({
      turns: [callsTool('echo', { text: 'out' }), says('2')],
      shares: run.server.shared,
      taint: { taint: 'deny', taintedCalls: ['egress'], toolLabels },
    });
    const here = await goOn(run.server, run);
    await answer(run.server, await run.server.issue(DECIDER), run.id, { decision: 'approve' });
    await expect.poll(() => callsOf(run.server)).toBe(1);
    const there = await goOn(other, run);
    await release(run.server);
    await here();
    const outcomes = (await there()).filter(({ type }) => /^tool_call\.(success|failure)$/.test(String(type)));
    expect(outcomes.map(({ type }) => type)).toEqual(['tool_call.success', 'tool_call.failure']);
    expect(await callsOf(other)).toBe(0);
  });
});
