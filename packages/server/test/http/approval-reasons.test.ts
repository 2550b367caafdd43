import { attenuateToken } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { open } from './in-process-client.ts';
import { newServer, type TestServerOptions } from './new-server.ts';
import { chat, DECIDER, tools, waiting } from './waiting-run.ts';

const ASK = { approval: 'ask' as const };
const may = (rule: object): Grant => ({ actions: ['chat'], models: ['*'], mcp: tools({ echo: rule }) });
const TURNS = [callsTool('echo', { text: 'one' }), says('Done')];

interface Caller {
  readonly grant: Grant;
  /** A grant that a holder of the token adds. */
  readonly caveat?: Grant;
  readonly integrations?: readonly unknown[];
}

/** The reasons that are shown for a call that waits. */
async function reasonsOf({ grant, caveat, integrations }: Caller, options: TestServerOptions = {}): Promise<unknown> {
  const server = await newServer({ turns: TURNS, ...options });
  const issued = await server.issue(grant, 'agent');
  const token = caveat === undefined ? issued : await attenuateToken(llm, issued, caveat);
  const stream = await open(server.app, chat(token, { stream: true, ...(integrations && { integrations }) }));
  await stream.received('"type":"tool_call.approval_required"');
  const [approval] = await waiting(server, await server.issue(DECIDER, 'boss'));
  stream.leave();
  return approval?.reasons;
}

describe('the reasons why a person is asked', () => {
  it('name the grant that wants it', async () => {
    expect(await reasonsOf({ grant: may(ASK) })).toEqual([{ type: 'grant', source: 'token agent' }]);
  });

  it('name only the grants that want it, the policy of the server and those of holders among them', async () => {
    const grant = may({});
    expect(await reasonsOf({ grant }, { policy: { ...may(ASK), actions: ['*'] } })).toEqual([
      { type: 'grant', source: 'server policy' },
    ]);
    expect(await reasonsOf({ grant, caveat: may(ASK) })).toEqual([
      { type: 'grant', source: expect.stringContaining('caveat #1') },
    ]);
    expect(await reasonsOf({ grant: may(ASK), caveat: may(ASK) })).toHaveLength(2);
  });

  it('name a grant that holds only at some places and times', async () => {
    const grant = { ...may(ASK), networks: ['127.0.0.0/8'], notBefore: '2020-01-01T00:00:00Z' };
    expect(await reasonsOf({ grant })).toEqual([{ type: 'grant', source: 'token agent' }]);
  });

  it('say that the request itself wants it', async () => {
    const integrations = [{ type: 'plugin', id: 'mcp/a', require_approval: 'always' }];
    expect(await reasonsOf({ grant: may({}), integrations })).toEqual([{ type: 'caller' }]);
    expect(await reasonsOf({ grant: may(ASK), integrations })).toEqual([
      { type: 'grant', source: 'token agent' },
      { type: 'caller' },
    ]);
  });

  it('say what has tainted the run, and the label of the tool', async () => {
    const taint = {
      taint: 'ask',
      taintedCalls: ['egress'],
      toolLabels: { 'mcp/a': { echo: ['untrusted', 'egress'] } },
    } as const;
    const turns = [callsTool('echo', { text: 'one' }), callsTool('echo', { text: 'two' }), says('Done')];
    expect(await reasonsOf({ grant: may({}) }, { taint, turns })).toEqual([
      { type: 'taint', content: 'mcp/a echo', label: 'egress' },
    ]);
  });
});
