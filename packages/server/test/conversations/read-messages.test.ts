import { describe, expect, it } from 'vitest';
import { readMessages } from '../../src/conversations/read-messages.ts';

/** As a server of before has stored them. */
const OLDER = JSON.stringify([
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: [{ type: 'text', text: 'What time is it?' }] },
  {
    role: 'assistant',
    content: 'Let me see.',
    reasoning: 'Hm',
    toolCalls: [{ id: 'call_1', name: 'clock', arguments: { zone: 'UTC' } }],
  },
  { role: 'tool', toolCallId: 'call_1', name: 'clock', content: 'Noon' },
  { role: 'assistant', content: 'Noon.' },
  { role: 'assistant', content: '', toolCalls: [{ id: 'call_2', name: 'clock', arguments: {} }] },
]);

describe('the messages of a stored turn', () => {
  it('are read in the form that they had before messages had parts', () => {
    expect(readMessages(OLDER)).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'What time is it?' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm' },
          { type: 'text', text: 'Let me see.' },
          { type: 'tool_call', id: 'call_1', name: 'clock', arguments: { zone: 'UTC' } },
        ],
      },
      { role: 'tool', toolCallId: 'call_1', name: 'clock', content: [{ type: 'text', text: 'Noon' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'Noon.' }] },
      { role: 'assistant', content: [{ type: 'tool_call', id: 'call_2', name: 'clock', arguments: {} }] },
    ]);
  });

  it('are the same again when they are stored in the form of today', () => {
    const today = readMessages(OLDER);
    expect(readMessages(JSON.stringify(today))).toEqual(today);
  });
});
