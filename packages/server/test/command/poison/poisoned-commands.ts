import { POISON } from './poison.ts';

/** One way to run a command with poison in whatever it reads. */
export interface Run {
  readonly args: readonly string[];
  /** What comes to its standard input; a token by default. */
  readonly input?: string;
  /** What a person types at a terminal, where the command asks for consent; without it, standard input is no terminal. */
  readonly answer?: string;
  /** It asks a server: it is also run on servers that refuse, and that babble. */
  readonly asks?: true;
  /** What it reads is so poisoned that it must show some of it, written out. */
  readonly shows?: true;
}

const asking = (...args: readonly string[]): Run => ({ args, asks: true, shows: true });
/** It prints nothing of the answer but a token, or nothing at all. */
const quiet = (...args: readonly string[]): Run => ({ args, asks: true });
const local = (...args: readonly string[]): Run => ({ args });

/** It asks a person, with words of the server in the question. */
const consenting = (answer: string, ...args: readonly string[]): Run => ({ ...asking(...args), answer });

/** The key of an earlier system. */
const KEY_OF_POISON = JSON.stringify({ name: POISON, hash: POISON, notes: POISON });

/** The configuration of another host; what no program can be started with is left out. */
const startable = POISON.replaceAll('\0', '');
const POISONED_SERVERS = JSON.stringify({
  mcpServers: { [POISON]: { command: POISON }, x: { command: startable, args: [startable], [startable]: startable } },
});

/** The configurations of other servers. */
const POISONED_PROXY = JSON.stringify({
  model_list: [
    {
      model_name: POISON,
      litellm_params: { model: `openai/${POISON}`, api_base: 'http://127.0.0.1:1/v1', [POISON]: 1 },
    },
    { model_name: POISON, litellm_params: { model: POISON } },
  ],
  router_settings: { model_group_alias: { [POISON]: POISON }, [POISON]: 1 },
});
const POISONED_SWAP = JSON.stringify({
  apiKeys: [POISON],
  models: { [POISON]: { cmd: POISON, aliases: [POISON] }, x: { cmd: `server --model ${POISON}` } },
});

/** What has no words of others, in a data folder of its own: DATA stands for that. */
const inFolder = (...args: readonly string[]): Run => local(...args, '--data', 'DATA');

/**
 * Every command there is, groups among them, with what it reads poisoned: the server's answers, its arguments, its files. A
 * command that is not here fails the test.
 */
export const POISONED_COMMANDS: Readonly<Record<string, readonly Run[]>> = {
  serve: [
    local('serve', '--data', 'DATA', '--port', POISON),
    local('serve', '--config', `DATA/${POISON}`),
    local('serve', POISON),
  ],
  doctor: [
    local('doctor', '--data', 'DATA', '--config', `DATA/${POISON}`),
    local('doctor', '--data', 'DATA', '--models', POISON, '--mcp', POISON),
  ],
  token: [local('token', POISON)],
  'token create': [
    asking('token', 'create', POISON),
    inFolder('token', 'create', POISON),
    local('token', 'create', 'x', '--expires', POISON),
    local('token', 'create', 'x', '--grant', `@${POISON}`),
    local('token', 'create', 'x', '--grant', POISON),
    local('token', 'create', 'x', '--kind', POISON),
    local('token', 'create', 'x', '--models', POISON),
    local('token', 'create', 'x', '--tools', POISON, '--limit', POISON),
    local('token', 'create', 'x', '--grant', '{}', '--edit', '--models', POISON),
  ],
  'token doctor': [
    asking('token', 'doctor'),
    asking('token', 'doctor', '--token', 'x'),
    local('token', 'doctor', '--kind', POISON),
  ],
  completion: [local('completion', 'bash'), local('completion', POISON)],
  'token import': [
    { args: ['token', 'import', '-'], input: KEY_OF_POISON, asks: true, shows: true },
    { args: ['token', 'import', '-', '--hash', 'hmac-sha256', '--data', 'DATA'], input: KEY_OF_POISON },
    { args: ['token', 'import', '-'], input: JSON.stringify({ [POISON]: POISON }) },
    { args: ['token', 'import', '-'], input: POISON },
    local('token', 'import', POISON),
  ],
  'token list': [asking('token', 'list'), inFolder('token', 'list', '--owner', POISON)],
  'token show': [asking('token', 'show', 'x'), asking('token', 'show', POISON), inFolder('token', 'show', POISON)],
  'token edit': [
    asking('token', 'edit', 'x', '--name', POISON, '--yes'),
    asking('token', 'edit', 'x', '--grant', JSON.stringify({ actions: [POISON] }), '--yes'),
    local('token', 'edit', 'x', '--rotate-after', POISON),
  ],
  'token rotate': [asking('token', 'rotate', 'x'), local('token', 'rotate', 'x', '--overlap', POISON)],
  'token revoke': [
    asking('token', 'revoke', 'x', '--yes'),
    asking('token', 'revoke', '--self', '--yes'),
    asking('token', 'revoke', '--owner', POISON),
    consenting('n', 'token', 'revoke', '--owner', POISON),
    consenting('y', 'token', 'revoke', '--project', POISON),
    consenting('n', 'token', 'revoke', '--self'),
  ],
  'token delete': [quiet('token', 'delete', 'x'), inFolder('token', 'delete', POISON)],
  'token attenuate': [
    local('token', 'attenuate', '--expires', POISON),
    local('token', 'attenuate', '--models', POISON),
    local('token', 'attenuate', POISON),
  ],
  'token exchange': [asking('token', 'exchange', '-'), local('token', 'exchange', '--expires', POISON)],
  'token inspect': [
    { args: ['token', 'inspect', '-'], input: poisonedJwt(), shows: true },
    { args: ['token', 'inspect', '-'], input: POISON },
  ],
  console: [asking('console'), local('console', POISON)],
  key: [local('key', POISON)],
  'key status': [inFolder('key', 'status'), local('key', 'status', POISON)],
  'key rotate': [inFolder('key', 'rotate'), local('key', 'rotate', POISON)],
  'key drop': [inFolder('key', 'drop'), local('key', 'drop', POISON)],
  keys: [local('keys', POISON)],
  'keys list': [asking('keys', 'list'), inFolder('keys', 'list')],
  'keys rotate': [asking('keys', 'rotate', '--compromised'), inFolder('keys', 'rotate')],
  models: [asking('models')],
  'models verify': [
    inFolder('models', 'verify'),
    local('models', 'verify', '--data', 'DATA', '--models', POISON),
    inFolder('models', 'verify', POISON),
  ],
  ps: [asking('ps')],
  load: [
    asking('load', POISON),
    local('load', 'x', '--parallel', POISON),
    local('load', 'x', '--ttl', POISON),
    asking('load', 'x', '--key-cache', POISON),
  ],
  pull: [asking('pull', POISON), asking('pull', POISON, '--detach'), asking('pull', POISON, '--cancel')],
  rm: [asking('rm', POISON, '--yes'), consenting('y', 'rm', POISON)],
  unload: [asking('unload', POISON), asking('unload', '--all'), local('unload')],
  mcp: [local('mcp', POISON)],
  'mcp list': [asking('mcp', 'list')],
  'mcp tools': [asking('mcp', 'tools'), asking('mcp', 'tools', POISON)],
  'mcp login': [
    asking('mcp', 'login', 'filled', '--no-browser'),
    asking('mcp', 'login', 'filled', '--device'),
    local('mcp', 'login', 'x', '--callback-port', POISON),
  ],
  'mcp logout': [quiet('mcp', 'logout', 'filled'), asking('mcp', 'logout', POISON)],
  'mcp logs': [asking('mcp', 'logs', 'filled')],
  import: [
    { args: ['import', '--from', 'litellm', '-', '--data', 'DATA', '--dry-run'], input: POISONED_PROXY, shows: true },
    { args: ['import', '--from', 'llama-swap', '-', '--data', 'DATA', '--dry-run'], input: POISONED_SWAP, shows: true },
    { args: ['import', '--from', 'litellm', '-', '--data', 'DATA'], input: POISON },
    local('import', '--from', 'lmstudio', POISON),
  ],
  'mcp import': [
    { args: ['mcp', 'import', '-', '--mcp', 'MCP', '--dry-run'], input: POISONED_SERVERS, shows: true },
    { args: ['mcp', 'import', '-', '--mcp', 'MCP'], input: POISON },
    local('mcp', 'import', POISON, '--mcp', 'MCP'),
    local(
      'mcp',
      'import',
      `x://y?name=${encodeURIComponent(POISON)}&config=${encodeURIComponent('{"command":"x"}')}`,
      '--mcp',
      'MCP',
      '--dry-run',
    ),
  ],
  'mcp add': [
    inFolder('mcp', 'add', 'x', '--', POISON),
    inFolder('mcp', 'add', POISON, '--', 'x'),
    inFolder('mcp', 'add', 'x', '--env', POISON),
  ],
  'mcp remove': [inFolder('mcp', 'remove', POISON)],
  'mcp test': [
    local('mcp', 'test', 'poisoned', '--mcp', 'MCP', '--data', 'DATA'),
    { args: ['mcp', 'test', 'broken', '--mcp', 'MCP', '--data', 'DATA'], shows: true },
    local('mcp', 'test', POISON, '--mcp', 'MCP', '--data', 'DATA'),
  ],
  'mcp diff': [asking('mcp', 'diff', 'filled'), asking('mcp', 'diff', 'filled', POISON)],
  'mcp approve': [
    asking('mcp', 'approve', 'filled', '--yes'),
    consenting('n', 'mcp', 'approve', 'filled'),
    consenting('y', 'mcp', 'approve', 'filled'),
  ],
  chat: [asking('chat', '--model', POISON, POISON), local('chat', 'x', '--model', 'x', '--temperature', POISON)],
  launch: [asking('launch', 'openai', '--dry-run'), asking('launch', POISON)],
  setup: [asking('setup', 'openai'), quiet('setup', 'openai', '--undo'), asking('setup', POISON)],
  login: [asking('login'), local('login', '--profile', POISON), local('login', '--url', POISON)],
  logout: [local('logout', '--profile', POISON)],
  whoami: [asking('whoami')],
  can: [asking('can', POISON), local('can', 'chat', '--tool', POISON, '--arguments', POISON)],
  settings: [local('settings', POISON)],
  'settings get': [asking('settings', 'get'), asking('settings', 'get', POISON)],
  'settings set': [
    asking('settings', 'set', 'tokenKinds.legacy=false', `${POISON}=${POISON}`),
    inFolder('settings', 'set', `${POISON}=1`),
  ],
  usage: [asking('usage'), quiet('usage', '--by', 'token', '--from', POISON)],
  response: [local('response', POISON)],
  'response list': [asking('response', 'list'), quiet('response', 'list', '--before', POISON)],
  'response show': [asking('response', 'show', POISON)],
  'response delete': [asking('response', 'delete', POISON)],
  approvals: [asking('approvals'), asking('approvals', '--watch')],
  'approvals list': [asking('approvals', 'list')],
  'approvals approve': [
    asking('approvals', 'approve', POISON),
    local('approvals', 'approve', 'x', '--arguments', POISON),
  ],
  'approvals deny': [asking('approvals', 'deny', POISON)],
  audit: [local('audit', POISON)],
  'audit list': [
    asking('audit', 'list'),
    local('audit', 'list', '--after', POISON),
    inFolder('audit', 'list', '--project', POISON),
  ],
  'audit export': [
    asking('audit', 'export'),
    quiet('audit', 'export', '--output', `DATA/${POISON.replaceAll(/[/\0]/g, '')}`),
  ],
  'audit trim': [inFolder('audit', 'trim', '--before', POISON)],
  'audit verify': [inFolder('audit', 'verify'), inFolder('audit', 'verify', '--head', POISON)],
  admin: [local('admin', POISON)],
  'admin recover': [inFolder('admin', 'recover')],
  backup: [inFolder('backup', POISON)],
  restore: [inFolder('restore', POISON)],
  service: [local('service', POISON)],
  'service install': [local('service', 'install', '--print', '--run-as', POISON)],
  'service remove': [local('service', 'remove', POISON)],
  lockdown: [quiet('lockdown')],
  erase: [asking('erase', POISON, '--yes'), consenting('n', 'erase', POISON), consenting('y', 'erase', POISON)],
};

/** Anybody can write anything into a JWT. */
function poisonedJwt(): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'ES256', typ: 'at+jwt', kid: POISON })}.${part({ sub: POISON, [POISON]: POISON })}.c2ln`;
}
