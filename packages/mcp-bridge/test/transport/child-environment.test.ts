import { describe, expect, it } from 'vitest';
import { childEnvironment, inheritedVariables, withheldVariables } from '../../src/transport/child-environment.ts';

const machine = {
  HOME: '/h',
  LANG: 'C',
  PATH: '/bin',
  TERM: 'dumb',
  TZ: 'Europe/Berlin',
  LC_ALL: 'C.UTF-8',
  USER: 'me',
  SHELL: '/bin/sh',
  TMPDIR: '/scratch',
  HTTPS_PROXY: 'http://proxy.example:3128',
  no_proxy: 'localhost,.example',
  NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
  npm_config_registry: 'https://registry.example/npm/',
  UV_INDEX_URL: 'https://index.example/simple',
};

describe('childEnvironment', () => {
  it('inherits the settings of the machine and nothing else', () => {
    const secrets = {
      AWS_SECRET: 's',
      NODE_OPTIONS: '-r x',
      LD_PRELOAD: 'x',
      GITHUB_TOKEN: 't',
      npm_config__auth: 'a',
    };
    expect(childEnvironment({ ...machine, ...secrets }, {})).toEqual(machine);
    expect(inheritedVariables.filter((name) => /TOKEN|SECRET|PASS|KEY|AUTH|OPTIONS|PRELOAD/i.test(name))).toEqual([]);
  });

  it.each([
    ['HTTPS_PROXY', 'http://me:secret@proxy.example:3128'],
    ['http_proxy', 'me:secret@proxy.example:3128'],
    ['ALL_PROXY', 'socks5://token@proxy.example'],
    ['npm_config_registry', 'https://me:secret@registry.example/npm/'],
    ['UV_INDEX_URL', 'https://__token__:secret@index.example/simple'],
  ])('does not hand on a value with credentials in it: %s', (name, value) => {
    expect(childEnvironment({ PATH: '/bin', [name]: value }, {})).toEqual({ PATH: '/bin' });
    expect(withheldVariables({ PATH: '/bin', [name]: value })).toEqual([name]);
    expect(childEnvironment({ [name]: value }, { [name]: value })).toEqual({ [name]: value });
  });

  it('lets the mcp.json add and override', () => {
    expect(childEnvironment({ HOME: '/h' }, { HOME: '/srv', KEY: 'k' })).toEqual({ HOME: '/srv', KEY: 'k' });
  });

  it('passes on no function that a shell exported', () => {
    expect(childEnvironment({ TERM: '() { :;}; echo' }, {})).toEqual({});
  });
});
