/** Which module may import which. Defined only here; the test reads the actual imports from the sources. */

/** A package may import itself, the packages named here, and from npm. */
export const PACKAGE_FLOORS: Readonly<Record<string, readonly string[]>> = {
  'packages/auth-core': [],
  'packages/engine': [],
  'packages/mcp-bridge': [],
  'packages/llama': ['@latchkey/engine'],
  'packages/koa-auth': ['@latchkey/auth-core'],
  'packages/client': [],
  // Of the bridge only its `visible-text`, which needs nothing; of the client only types.
  'packages/console': ['@latchkey/client', '@latchkey/mcp-bridge'],
  // Of the console only its style sheet, at its build.
  'packages/manual': ['@latchkey/console'],
  'packages/server': [
    '@latchkey/auth-core',
    '@latchkey/client',
    '@latchkey/engine',
    '@latchkey/llama',
    '@latchkey/mcp-bridge',
  ],
  'apps/demo': ['@latchkey/server'],
  examples: ['@latchkey/auth-core', '@latchkey/koa-auth', '@latchkey/server'],
  e2e: ['@latchkey/server', '@latchkey/auth-core', '@latchkey/client', '@latchkey/mcp-bridge', '@latchkey/demo'],
  bench: ['@latchkey/server', '@latchkey/auth-core', '@latchkey/koa-auth', '@latchkey/mcp-bridge'],
};

/** What packages must not import: the engine contract depends on nothing, the embedded engine on no network module. */
export const PACKAGE_FORBIDDEN: Readonly<Record<string, RegExp>> = {
  'packages/engine': /^(?!packages\/engine\/)/,
  'packages/llama': /^(?:node:(?:http2?|https|net|tls|dgram)|koa|zod|pino|kysely)$/,
};

/**
 * The floors inside the server, the lowest first. A folder may import from lower floors and from itself, but not from
 * another folder on the same floor.
 */
export const SERVER_FLOORS: readonly (readonly string[])[] = [
  ['contracts', 'input', 'telemetry'],
  ['config'],
  ['wire'],
  [
    'models',
    'downloads',
    'conversations',
    'mcp-logins',
    'mcp-pins',
    'oauth-clients',
    'openid',
    'settings',
    'usage',
    'audit',
    'approvals',
    'idempotency',
    'sessions',
    'prices',
    'webhooks',
    'hygiene',
    'tool-search',
  ],
  ['chat', 'dialects', 'engines', 'mcp-endpoint', 'tools', 'state'],
  ['http'],
  ['create-handlers.ts', 'overview.ts', 'koa-adapter.ts', 'socket-path.ts', 'sdk-socket', 'doctor'],
  [
    'listening.ts',
    'authorization-routes.ts',
    'login-routes.ts',
    'model-routes.ts',
    'sdk-routes.ts',
    'session-routes.ts',
    'token-routes.ts',
  ],
  ['routes.ts'],
  ['compose.ts'],
  ['create-server.ts'],
  ['command', 'index.ts', 'testing'],
];

/** Folders whose subfolders must not import each other: each is a plug-in, or one side of something. */
export const STRANGERS: readonly string[] = [
  'packages/server/src/dialects',
  'packages/server/src/engines',
  'packages/server/src/http',
];

/**
 * The known circular imports: the entries of a folder, where a subfolder stands for its whole content. Add none; remove
 * those that are fixed.
 */
export const CIRCLES: readonly string[] = [
  'packages/auth-core/src/authority: authority.ts covers.ts decision.ts grant.ts vocabulary.ts',
  'packages/auth-core/src/authority: decide.ts judge-grant.ts',
  'packages/auth-core/src/management: describe-change.ts edit-token.ts',
  'packages/auth-core/src: audit authority errors.ts guard.ts principal.ts schema token',
  'packages/llama/src: formats grammar',
  'packages/mcp-bridge/src: config sandbox transport',
  'packages/mcp-bridge/src: host pins tools',
];

/** Packages that a folder of the server must not import: the loop has no Koa, no zod, no specific engine, no MCP. */
export const SERVER_FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  contracts: ['koa', 'zod', '@latchkey/llama', '@latchkey/mcp-bridge', 'kysely'],
  chat: ['koa', 'zod', '@latchkey/llama', '@latchkey/mcp-bridge', 'kysely'],
  engines: ['koa', '@latchkey/llama', '@latchkey/auth-core', '@latchkey/mcp-bridge', 'kysely'],
  wire: ['koa', '@latchkey/llama', '@latchkey/mcp-bridge', 'kysely'],
  dialects: ['koa', '@latchkey/llama', '@latchkey/mcp-bridge', 'kysely'],
  downloads: ['koa', '@latchkey/llama', 'kysely'],
  models: ['koa', 'zod', '@latchkey/llama', '@latchkey/mcp-bridge', 'kysely'],
  tools: ['koa', 'zod', '@latchkey/llama', 'kysely'],
  http: ['koa', '@latchkey/llama', '@latchkey/mcp-bridge', 'kysely'],
};

/** Inside auth-core only these need Node; everything else, with its imports, runs wherever there is WebCrypto. */
export const AUTH_CORE_NODE_FOLDERS: readonly string[] = [
  'open',
  'private-files',
  'stores/postgres',
  'stores/sqlite',
  'testing',
];
