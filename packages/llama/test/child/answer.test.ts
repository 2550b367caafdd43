import type { EngineEvent } from '@latchkey/engine';
import { describe, expect, it } from 'vitest';
import { Answer } from '../../src/child/answer.ts';
import { OutputParser } from '../../src/formats/output-parser.ts';
import { CALL_TAGS, THINK } from '../../src/formats/syntax/known-syntaxes.ts';

const CALL = '<tool_call>{"name": "known", "arguments": {}}</tool_call>';
const MISSPELT = '<tool_call>{"name": </tool_call>';

/** Reads the pieces until the answer has ended; returns the kinds of its events, how it ended, and what was read. */
function read(pieces: readonly string[], oneCall: boolean) {
  const parser = new OutputParser({
    syntax: { reasoning: THINK, calls: CALL_TAGS },
    opened: '',
    tools: [{ name: 'known', parameters: {} }],
  });
  const events: EngineEvent[] = [];
  const answer = new Answer(parser, { stop: [], oneCall }, [], (event) => events.push(event));
  let pieceCount = 0;
  for (const piece of pieces) {
    answer.read(piece);
    pieceCount += 1;
    if (answer.stopped) break;
  }
  const end = answer.end(false);
  return { types: events.map(({ type }) => type).filter((type) => type !== 'tool_call.delta'), end, pieceCount };
}

const called = ['tool_call.start', 'tool_call.end'];

describe('an answer of one call', () => {
  it('ends with the first one, and nothing after it is read', () => {
    expect(read([CALL, CALL, 'more'], true)).toEqual({ types: called, end: { reason: 'tool_calls' }, pieceCount: 1 });
  });

  it('has no other, also from the same piece of text', () => {
    expect(read([CALL + CALL], true)).toMatchObject({ types: called, end: { reason: 'tool_calls' } });
  });

  it('ends with a call that could not be read', () => {
    expect(read([MISSPELT, CALL], true)).toMatchObject({ types: ['tool_call.invalid'] });
  });

  it('may have text before it, and none at all', () => {
    expect(read(['Let me see. ', CALL], true)).toMatchObject({ types: ['message.delta', ...called] });
    expect(read(['Hello'], true)).toMatchObject({ types: ['message.delta'], end: { reason: 'stop' } });
  });

  it('has several unless one was asked for', () => {
    expect(read([CALL, CALL], false)).toMatchObject({ types: [...called, ...called], end: { reason: 'tool_calls' } });
  });
});
