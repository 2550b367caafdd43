import { describe, expect, it } from 'vitest';
import { childEnvironment, inheritedVariables } from '../../src/transport/child-environment.ts';

describe('childEnvironment', () => {
  it('inherits four variables and no other', () => {
    expect(inheritedVariables).toEqual(['HOME', 'LANG', 'PATH', 'TERM']);
    const host = {
      HOME: '/h',
      LANG: 'C',
      PATH: '/bin',
      TERM: 'dumb',
      AWS_SECRET: 's',
      NODE_OPTIONS: '-r x',
      LD_PRELOAD: 'x',
    };
    expect(childEnvironment(host, {})).toEqual({ HOME: '/h', LANG: 'C', PATH: '/bin', TERM: 'dumb' });
  });

  it('lets the mcp.json add and override', () => {
    expect(childEnvironment({ HOME: '/h' }, { HOME: '/srv', KEY: 'k' })).toEqual({ HOME: '/srv', KEY: 'k' });
  });

  it('passes on no function that a shell exported', () => {
    expect(childEnvironment({ TERM: '() { :;}; echo' }, {})).toEqual({});
  });
});
