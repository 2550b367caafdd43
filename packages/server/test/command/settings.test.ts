import { describe, expect, it } from 'vitest';
import { readAssignments } from '../../src/command/settings.ts';

describe('the assignments of latchkey settings set', () => {
  it('become a change: switches, numbers, durations, and kinds by their name', () => {
    expect(
      readAssignments([
        'requireAuthentication=true',
        'tokenKinds.legacy=false',
        'tokenKinds.api-key=true',
        'accessTokenTtl=60',
        'personalAccessTokenTtl=30d',
      ]),
    ).toEqual({
      requireAuthentication: true,
      tokenKinds: { legacy: false, 'api-key': true },
      accessTokenTtl: 60,
      personalAccessTokenTtl: '30d',
    });
  });

  it('leave it to the server what is no setting', () => {
    expect(readAssignments(['fly=a=b', 'x.y='])).toEqual({ fly: 'a=b', 'x.y': '' });
  });

  it('say of a key of the configuration that it acts after a restart', () => {
    for (const key of ['port', 'engine.parallel']) {
      expect(() => readAssignments([`${key}=2`])).toThrow(`'${key}' is a key of the configuration`);
    }
  });

  it.each(['requireAuthentication', '=true', ''])('say how they are written when one is %j', (assignment) => {
    expect(() => readAssignments([assignment])).toThrow('key=value');
  });
});
