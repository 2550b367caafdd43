import { describe, expect, it } from 'vitest';
import { toPlainMessages } from '../../src/formats/plain-message.ts';

describe('a message for a template', () => {
  it('has the text, the thought and the calls of a turn, each in the order in which they were written', () => {
    const call = (id: string) => ({ id, name: 'read', arguments: {} });
    expect(
      toPlainMessages([
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'Hm, ', signature: 's' },
            { type: 'text', text: 'One ' },
            { type: 'tool_call', ...call('a') },
            { type: 'reasoning', text: 'so' },
            { type: 'text', text: 'two' },
            { type: 'tool_call', ...call('b') },
          ],
        },
      ]),
    ).toEqual([{ role: 'assistant', content: 'One two', reasoning: 'Hm, so', toolCalls: [call('a'), call('b')] }]);
  });

  it('has the text of a result, and no image', () => {
    const answer = { role: 'tool', toolCallId: 'a', name: 'read' } as const;
    const text = { type: 'text', text: 'Noon' } as const;
    expect(toPlainMessages([{ ...answer, content: [text], isError: true }])).toEqual([{ ...answer, content: 'Noon' }]);
    const image = { type: 'image', mediaType: 'image/png', data: 'AAAA' } as const;
    expect(() => toPlainMessages([{ ...answer, content: [text, image] }])).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_INPUT' }),
    );
  });
});
