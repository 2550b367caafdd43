import { describe, expect, it } from 'vitest';
import { type ChatEvent, toCurl } from '../src/api/chat.ts';
import { NO_ANSWER, withEvent } from '../src/api/transcript.ts';

const answerOf = (...events: readonly ChatEvent[]) => events.reduce(withEvent, NO_ANSWER);
const notes = { plugin_id: 'mcp/notes' };
const stats = { input_tokens: 1, total_output_tokens: 2, tokens_per_second: 3 };

describe('the events of a chat as an answer', () => {
  it('keep reasoning, text and calls in the order in which the model wrote them', () => {
    const { items } = answerOf(
      { type: 'reasoning.delta', content: 'so ' },
      { type: 'reasoning.delta', content: 'then' },
      { type: 'tool_call.start', tool: 'echo', provider_info: notes },
      { type: 'tool_call.arguments', tool: 'echo', arguments: { message: 'a' }, provider_info: notes },
      { type: 'tool_call.success', tool: 'echo', arguments: { message: 'a' }, output: 'a' },
      { type: 'message.start' },
      { type: 'message.delta', content: 'a' },
      { type: 'message.start' },
      { type: 'message.delta', content: 'b' },
    );
    expect(items).toEqual([
      { type: 'reasoning', text: 'so then' },
      { type: 'call', tool: 'echo', server: 'mcp/notes', arguments: { message: 'a' }, state: 'done', output: 'a' },
      { type: 'message', text: 'a' },
      { type: 'message', text: 'b' },
    ]);
  });

  it('tell two calls of one tool apart by their arguments', () => {
    const { items } = answerOf(
      { type: 'tool_call.start', tool: 'echo' },
      { type: 'tool_call.start', tool: 'echo' },
      { type: 'tool_call.arguments', tool: 'echo', arguments: { n: 1 } },
      { type: 'tool_call.arguments', tool: 'echo', arguments: { n: 2 } },
      { type: 'tool_call.success', tool: 'echo', arguments: { n: 2 }, output: 'two' },
      { type: 'tool_call.failure', reason: 'denied', metadata: { tool_name: 'echo', arguments: { n: 1 } } },
    );
    expect(items).toMatchObject([
      { arguments: { n: 1 }, state: 'failed', reason: 'denied' },
      { arguments: { n: 2 }, state: 'done', output: 'two' },
    ]);
  });

  it('show the arguments that a person has changed, and that the call waits no longer', () => {
    const waiting = answerOf(
      { type: 'tool_call.start', tool: 'echo' },
      { type: 'tool_call.arguments', tool: 'echo', arguments: { n: 1 } },
      { type: 'tool_call.approval_required', tool: 'echo', arguments: { n: 1 }, approval_id: 'apr_1' },
    );
    expect(waiting.items).toMatchObject([{ state: 'waiting', approvalId: 'apr_1' }]);
    const { items } = withEvent(waiting, { type: 'tool_call.success', tool: 'echo', arguments: { n: 2 }, output: 2 });
    expect(items).toEqual([{ type: 'call', tool: 'echo', arguments: { n: 2 }, state: 'done', output: 2 }]);
  });

  it('show a failure of a call that never began, an error, and what was used', () => {
    expect(
      answerOf(
        { type: 'chat.start', response_id: 'resp_1' },
        { type: 'model_load.start' },
        { type: 'model_load.progress', progress: 0.5 },
        { type: 'model_load.end' },
        { type: 'tool_call.failure', reason: 'no such tool', metadata: { tool_name: 'gone' } },
        { type: 'error', error: { message: 'It failed.' } },
        { type: 'chat.end', result: { stats } },
      ),
    ).toEqual({
      responseId: 'resp_1',
      items: [{ type: 'call', tool: 'gone', state: 'failed', reason: 'no such tool' }],
      error: 'It failed.',
      stats,
    });
  });
});

describe('a chat as a command', () => {
  it('takes the token from the environment, and quotes what is in the body', () => {
    expect(toCurl('http://127.0.0.1:1234', `{"input":"it's $HOME \`id\`"}`)).toBe(
      [
        `curl -N 'http://127.0.0.1:1234/api/v1/chat' \\`,
        `  -H "Authorization: Bearer $LATCHKEY_API_TOKEN" \\`,
        `  -H 'Content-Type: application/json' \\`,
        `  -d '{"input":"it'\\''s $HOME \`id\`"}'`,
      ].join('\n'),
    );
  });
});
