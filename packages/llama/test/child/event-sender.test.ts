import type { EngineEvent } from '@latchkey/engine';
import { describe, expect, it } from 'vitest';
import { EventSender } from '../../src/child/event-sender.ts';

function senderAt(): { sender: EventSender; sent: (readonly EngineEvent[])[]; pass: (milliseconds: number) => void } {
  let time = 0;
  let timer: { at: number; callback: () => void } | undefined;
  const sent: (readonly EngineEvent[])[] = [];
  const sender = new EventSender((events) => sent.push(events), {
    now: () => time,
    after(milliseconds, callback) {
      timer = { at: time + milliseconds, callback };
      return () => {
        timer = undefined;
      };
    },
  });
  return {
    sender,
    sent,
    pass(milliseconds) {
      time += milliseconds;
      if (timer !== undefined && timer.at <= time) {
        const { callback } = timer;
        timer = undefined;
        callback();
      }
    },
  };
}

const text = (value: string): EngineEvent => ({ type: 'message.delta', text: value });

describe('events', () => {
  it('go at once after a pause', () => {
    const { sender, sent } = senderAt();
    sender.push(text('a'));
    expect(sent).toEqual([[text('a')]]);
  });

  it('that follow quickly go together a little later, joined where they are of a kind', () => {
    const { sender, sent, pass } = senderAt();
    for (const letter of 'abc') sender.push(text(letter));
    sender.push({ type: 'tool_call.delta', index: 0, text: '{' });
    sender.push({ type: 'tool_call.delta', index: 0, text: '}' });
    sender.push({ type: 'tool_call.delta', index: 1, text: '{' });
    expect(sent).toHaveLength(1);
    pass(8);
    expect(sent[1]).toEqual([
      text('bc'),
      { type: 'tool_call.delta', index: 0, text: '{}' },
      { type: 'tool_call.delta', index: 1, text: '{' },
    ]);
  });

  it('go at once when they are flushed, and only once', () => {
    const { sender, sent, pass } = senderAt();
    sender.push(text('a'));
    sender.push(text('b'));
    sender.flush();
    pass(100);
    expect(sent).toEqual([[text('a')], [text('b')]]);
  });
});
