import { describe, expect, it } from 'vitest';
import type { ServedTools } from '../../src/contracts/served-tools.ts';
import { answerMcp } from '../../src/mcp-endpoint/answer-mcp.ts';

const gone = (): Promise<never> => Promise.reject(new Error('ENOENT: /root/secret'));
const broken: ServedTools = { list: gone, call: gone };

async function ask(method: string, params: object, tools: ServedTools, signal: AbortSignal) {
  const faults: unknown[] = [];
  const accept = 'application/json, text/event-stream';
  const headers = new Headers({ 'content-type': 'application/json', accept });
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await answerMcp(
    { body, headers },
    {
      tools,
      signal,
      onRefused: () => undefined,
      onFault: (cause) => faults.push(cause),
    },
  );
  return { text: await response.text(), faults };
}

describe('an answer to a request to /mcp', () => {
  it.each([
    ['tools/list', {}],
    ['tools/call', { name: 'echo' }],
  ])('to %s does not tell what went wrong in the server, but its log does', async (method, params) => {
    const { text, faults } = await ask(method, params, broken, new AbortController().signal);
    expect(text).toContain('-32603');
    expect(text).not.toContain('ENOENT');
    expect(faults).toMatchObject([{ message: 'ENOENT: /root/secret' }]);
  });

  it('that nobody waits for any more is no fault', async () => {
    expect((await ask('tools/list', {}, broken, AbortSignal.abort())).faults).toEqual([]);
  });

  it('gives a call without arguments an object without any', async () => {
    const seen: unknown[] = [];
    const call: ServedTools['call'] = async (name, args) => {
      seen.push([name, args]);
      return { content: [], isError: false };
    };
    await ask('tools/call', { name: 'echo' }, { ...broken, call }, new AbortController().signal);
    expect(seen).toEqual([['echo', {}]]);
  });
});
