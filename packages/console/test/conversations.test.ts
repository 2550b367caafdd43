import { describe, expect, it } from 'vitest';
import { type ResponseHead, toConversations } from '../src/api/conversations.ts';

const head = (id: string, previous: string | null): ResponseHead => ({
  id,
  model: 'ibm/granite',
  project: null,
  state: 'completed',
  created_at: '2027-01-01T00:00:00Z',
  expires_at: null,
  previous_response_id: previous,
});

describe('stored responses as conversations', () => {
  it('are one for each response that nothing continues, with its length', () => {
    const found = toConversations([head('d', null), head('c', 'b'), head('b', 'a'), head('a', null)]);
    expect(found.map(({ last, first, length }) => [last.id, first.id, length])).toEqual([
      ['d', 'd', 1],
      ['c', 'a', 3],
    ]);
  });

  it('are one for each branch', () => {
    const found = toConversations([head('c', 'a'), head('b', 'a'), head('a', null)]);
    expect(found.map(({ last, first }) => [last.id, first.id])).toEqual([
      ['c', 'a'],
      ['b', 'a'],
    ]);
  });

  it('begin with the oldest response that is loaded', () => {
    const [found] = toConversations([head('c', 'b'), head('b', 'a')]);
    expect([found?.first.id, found?.length]).toEqual(['b', 2]);
  });
});
