import { describe, expect, it } from 'vitest';
import { type Action, anonymousPrincipal, type Grant } from '../src/index.ts';
import { operatorPrincipal } from '../src/principal.ts';
import { decide, llm } from './words.ts';

describe('a caller without a token', () => {
  it('may do what its one grant says', () => {
    const guest = anonymousPrincipal(llm, { actions: ['chat'] }, 'guest');
    expect(guest).toMatchObject({ kind: 'anonymous', name: 'guest', owner: 'guest', rootId: guest.id });
    const ask = (action: Action) => decide(guest.authority, { action }, { now: new Date() });
    expect(ask('chat')).toMatchObject({ allowed: true });
    expect(ask('tokens:write')).toMatchObject({ allowed: false, source: 'guest' });
  });

  it('goes no further than the policy, like every other caller', () => {
    const guest = anonymousPrincipal(llm, { actions: ['chat'], models: ['*'] }, 'guest', {
      actions: ['*'],
      models: ['ibm/*'],
    });
    const ask = (models: string) => decide(guest.authority, { action: 'chat', models }, { now: new Date() });
    expect(ask('ibm/granite')).toMatchObject({ allowed: true });
    expect(ask('other/model')).toMatchObject({ allowed: false, source: 'server policy' });
  });

  it('keeps its grant whatever becomes of the object', () => {
    const grant = { actions: ['chat' as Action] };
    const guest = anonymousPrincipal(llm, grant, 'guest');
    grant.actions.push('tokens:write');
    expect(guest.authority[0]?.grant.actions).toEqual(['chat']);
    expect(() => Object.assign(guest.authority[0]!.grant, { actions: ['*'] })).toThrow(TypeError);
  });

  it('has an id that no token can have', () => {
    expect(operatorPrincipal(llm).id).toContain(':');
    expect(anonymousPrincipal(llm, { actions: [] }, 'guest').id).toContain(':');
  });

  it('is refused a grant that is none', () => {
    const grant = { actions: 'all' } as unknown as Grant;
    expect(() => anonymousPrincipal(llm, grant, 'guest')).toThrow(
      expect.objectContaining({ code: 'AUTH_GRANT_INVALID' }),
    );
  });
});
