import { describe, expect, it } from 'vitest';
import { inheritedVariables } from '../../../src/command/agents/inherited-variables.ts';

const OWN = 'sk-lm-abcdefgh:abcdefghijklmnopqrst';

describe('the variables that an agent gets', () => {
  it.each([
    ['LATCHKEY_API_TOKEN', 'x'],
    ['LATCHKEY_SECRET', 'x'],
    ['LATCHKEY_SECRET_FORMER_FILE', '/run/secrets/former'],
    ['LATCHKEY_DATABASE', 'postgres://user:password@host/db'],
    ['LATCHKEY_CREDENTIALS', '/home/user/credentials.json'],
    ['LATCHKEY_OF_LATER', 'x'],
    ['latchkey_secret', 'x'],
    ['LM_API_TOKEN', 'another token of this server'],
    ['LM_STUDIO_API_KEY', 'another token of this server'],
    ['MY_TOKEN', OWN],
    ['MY_HEADERS', `Authorization: Bearer ${OWN}`],
    ['ANTHROPIC_API_KEY', 'of another server'],
  ])('have no secret of this server (%s)', (name, value) => {
    expect(inheritedVariables({ [name]: value, PATH: '/bin' }, OWN, ['ANTHROPIC_API_KEY'])).toEqual({ PATH: '/bin' });
  });

  it('are otherwise those of the shell', () => {
    const shell = { PATH: '/bin', EMPTY: '', GITHUB_TOKEN: 'of another service' };
    expect(inheritedVariables(shell, undefined)).toEqual(shell);
  });
});
