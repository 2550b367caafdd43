import type { ChatMessage } from '@latchkey/engine';
import { describe, expect, it } from 'vitest';
import { answersInPlace, joinHistory, unansweredCalls } from '../../src/chat/conversation.ts';
import { answered, called, said } from '../scripted/messages.ts';

const say = (text: string): ChatMessage => ({ role: 'user', content: [{ type: 'text', text }] });
const system = (content: string): ChatMessage => ({ role: 'system', content });
const calls = (...ids: readonly string[]): ChatMessage =>
  called(...ids.map((id) => ({ id, name: 'read', arguments: {} })));
const answer = (toolCallId: string): ChatMessage => answered(toolCallId, 'read', toolCallId);

describe('the history of a conversation', () => {
  it('has one system prompt, the newest, at its start', () => {
    const joined = joinHistory([system('old'), say('one')], { messages: [system('new'), say('two')] });
    expect(joined).toEqual([system('new'), say('one'), say('two')]);
  });

  it('is what a request says when there is none', () => {
    const added = [say('one'), system('late')];
    expect(joinHistory([], { messages: added })).toEqual(added);
  });

  it('keeps every system message for a request that wants that, after its own instructions', () => {
    const request = {
      messages: [system('new'), say('two')],
      instructions: 'first',
      keepsSystemMessages: true,
    } as const;
    const joined = joinHistory([system('old'), say('one')], request);
    expect(joined).toEqual([system('first'), system('old'), say('one'), system('new'), say('two')]);
  });

  it('names the tool of a result that names only its call', () => {
    const result = answered('c1', 'unknown', 'a result');
    expect(joinHistory([calls('c1')], { messages: [result] })).toEqual([calls('c1'), { ...result, name: 'read' }]);
  });
});

describe('the answers of tools', () => {
  it('come behind the calls, in the order of those, whatever was said in between', () => {
    const messages = [say('one'), calls('a', 'b'), answer('b'), say('two'), answer('a')];
    expect(answersInPlace(messages)).toEqual([say('one'), calls('a', 'b'), answer('a'), answer('b'), say('two')]);
  });

  it('stay where they are when nothing has called for them', () => {
    const messages = [calls('a'), answer('a'), answer('misspelt'), say('two')];
    expect(answersInPlace(messages)).toEqual(messages);
  });

  it('are missing for those calls of the last message of the model that nothing has answered', () => {
    expect(unansweredCalls([calls('a', 'b'), answer('a'), say('two')]).map(({ id }) => id)).toEqual(['b']);
    expect(unansweredCalls([calls('old'), said('Done')])).toEqual([]);
    expect(unansweredCalls([say('one')])).toEqual([]);
  });
});
