import { describe, expect, it } from 'vitest';
import { interpolate } from '../../src/config/interpolate.ts';

describe('interpolate', () => {
  it.each([
    ['plain', 'plain'],
    [`\${A}`, 'one'],
    [`\${env:A}-\${A}`, 'one-one'],
    [`\${B:-two}`, 'two'],
    [`\${EMPTY:-two}`, 'two'],
    [`\${B:-}`, ''],
    ['$A', 'one'],
    ['Bearer $A', 'one', 'Bearer '],
    ['--key=$A', 'one', '--key='],
    ['Authorization: Bearer $A', 'one', 'Authorization: Bearer '],
    ['Authorization:$A', 'one', 'Authorization:'],
    ['https://x.example/mcp?key=$A', 'one', 'https://x.example/mcp?key='],
    ['{env:A}', 'one'],
    ['Bearer {env:A}', 'one', 'Bearer '],
    // The text of a script, a password, or of a program that reads it as something else.
    ['echo $A', 'echo $A'],
    ['pa$A', 'pa$A'],
    ['$A and $A', '$A and $A'],
    ['$a', '$a'],
    ['$1', '$1'],
    ['{env: A}', '{env: A}'],
    ['{"env:A":1}', '{"env:A":1}'],
    [`\${A:-two}`, 'one'],
    [`\${B:-a:-b}`, 'a:-b'],
  ])('makes of %j %j', (text, value, before = '') => {
    expect(interpolate(text, { environment: { A: 'one', EMPTY: '' } })).toMatchObject({ value: `${before}${value}` });
  });

  it('tells what it has put in that is not in the file', () => {
    const text = `\${A} \${env:A} \${B:-two} \${EMPTY:-three} \${HOME} \${env:PATH}`;
    const environment = { A: 'one', EMPTY: '', HOME: '/home/me', PATH: '/bin' };
    expect(interpolate(text, { environment }).secrets).toEqual(['one', 'one']);
  });

  it('does not look again at what it has put in', () => {
    expect(interpolate(`\${A}`, { environment: { A: `\${B}`, B: 'secret' } })).toMatchObject({ value: `\${B}` });
  });

  it('takes the variables of the entry before those of the environment', () => {
    const known = { environment: { A: 'one' }, own: { A: 'own', B: '' } };
    expect(interpolate(`Authorization:\${A}`, known)).toEqual({ value: 'Authorization:own', secrets: [] });
    expect(interpolate(`\${B:-two}`, known)).toMatchObject({ value: '' });
    expect(interpolate(`\${toString}`, known).problem).toBeDefined();
  });

  it.each([
    '$B',
    'Bearer $B',
    '{env:B}',
    '{file:~/.key}',
    `\${B}`,
    `\${EMPTY}`,
    `\${toString}`,
    `\${input:key}`,
    `\${}`,
    `\${A B}`,
    `\${B:-\${A}}`,
  ])('has a problem with %j', (text) => {
    expect(interpolate(text, { environment: { A: 'one', EMPTY: '' } }).problem).toBeDefined();
  });

  it('knows the home of the user, the folder of the file and the inputs of the file', () => {
    const environment = { HOME: '/home/me', MCP_INPUT_API_KEY: 'k', MCP_INPUT_UNDECLARED: 'u' };
    const inputs = new Map([
      ['api-key', undefined],
      ['region', 'eu'],
      ['secret', undefined],
    ]);
    const known = { environment, folder: '/etc/mcp', inputs };
    const text = `\${userHome} \${workspaceFolder} \${input:api-key} \${input:region}`;
    expect(interpolate(text, known)).toEqual({ value: '/home/me /etc/mcp k eu', secrets: ['k'] });
    expect(interpolate(`\${input:secret}`, known).problem).toBe('the environment variable MCP_INPUT_SECRET is not set');
    expect(interpolate(`\${input:undeclared}`, known).problem).toContain('is not among the "inputs"');
    expect(interpolate(`\${workspaceFolder}`, { environment }).problem).toContain('the folder of the file');
    expect(interpolate(`\${userHome}`, { environment: {} }).problem).toBe('the environment variable HOME is not set');
  });
});
