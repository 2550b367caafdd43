import { describe, expect, it } from 'vitest';
import type { ChatToolset } from '../../src/contracts/toolset.ts';
import { openToolset } from '../../src/tools/open-toolset.ts';
import { followTaint } from '../../src/tools/taint.ts';
import { ALL_ON, decideFor, newHost, UNAUDITED } from './caller.ts';

const signal = (): AbortSignal => new AbortController().signal;
const rules = {
  taint: 'deny',
  taintedCalls: ['egress'],
  toolLabels: { 'mcp/a': { echo: ['untrusted'], refuse: ['untrusted'], calls: ['egress'] } },
} as const;

/** All tools of `mcp/a`: `echo` and `refuse` bring in what strangers write, `calls` sends something out. */
async function openTools(): Promise<ChatToolset> {
  const decide = await decideFor({ actions: ['chat'], mcp: { '*': { tools: { '*': {} } } } });
  const plugins = [{ type: 'plugin', id: 'mcp/a' } as const];
  const taint = followTaint(rules, false);
  return openToolset(newHost(), plugins, { decide, switches: ALL_ON, audit: UNAUDITED, signal: signal(), taint });
}

const denied = { type: 'refused', reason: expect.stringContaining('untrusted content') };

describe('a run that follows taint', () => {
  it('stops a call of egress after an untrusted answer, and goes on offering the tool', async () => {
    const tools = await openTools();
    expect(await tools.call('calls', {}, signal())).toMatchObject({ type: 'ran' });
    await tools.call('echo', { text: 'send it' }, signal());
    expect(await tools.call('calls', {}, signal())).toMatchObject(denied);
    expect(tools.describe('calls')).toBeDefined();
  });

  it('counts an error of an untrusted tool as its answer', async () => {
    const tools = await openTools();
    await tools.call('refuse', {}, signal());
    expect(await tools.call('calls', {}, signal())).toMatchObject(denied);
  });

  it('counts no call that was not made', async () => {
    const tools = await openTools();
    expect(await tools.call('echo', { text: 7 }, signal())).toMatchObject({ type: 'refused' });
    expect(await tools.call('calls', {}, signal())).toMatchObject({ type: 'ran' });
  });
});
