import type { Random } from './random.ts';

/** A route: its method, and its path with parameters. */
export type Door = readonly [method: string, path: string];

/** Every route that takes a body. */
export const BODY_DOORS: readonly Door[] = [
  ['POST', '/api/v1/chat'],
  ['POST', '/v1/chat/completions'],
  ['POST', '/v1/completions'],
  ['POST', '/v1/embeddings'],
  ['POST', '/v1/decisions'],
  ['POST', '/v1/systemone'],
  ['POST', '/v1/messages'],
  ['POST', '/v1/messages/count_tokens'],
  ['POST', '/v1/responses'],
  ['POST', '/v1/responses/input_tokens'],
  ['POST', '/api/v0/chat/completions'],
  ['POST', '/api/v0/completions'],
  ['POST', '/api/v0/embeddings'],
  ['POST', '/api/chat'],
  ['POST', '/api/generate'],
  ['POST', '/api/show'],
  ['POST', '/api/embed'],
  ['POST', '/api/embeddings'],
  ['POST', '/api/pull'],
  ['POST', '/api/copy'],
  ['DELETE', '/api/delete'],
  ['POST', '/api/v1/models/load'],
  ['POST', '/api/v1/models/unload'],
  ['POST', '/api/v1/models/download'],
  ['POST', '/api/v1/models/download/cancel'],
  ['POST', '/api/v1/models/delete'],
  ['POST', '/api/v1/can'],
  ['POST', '/api/v1/sessions'],
  ['POST', '/mcp'],
  ['POST', '/api/v1/tokens'],
  ['POST', '/api/v1/tokens/import'],
  ['POST', '/api/v1/tokens/revoke'],
  ['POST', '/api/v1/erasures'],
  ['POST', '/api/v1/operator'],
  ['PATCH', '/api/v1/tokens/:id'],
  ['POST', '/api/v1/tokens/:id/rotate'],
  ['PATCH', '/api/v1/settings'],
  ['POST', '/api/v1/keys/rotate'],
  ['POST', '/api/v1/approvals/:id'],
  ['POST', '/api/v1/mcp/servers/:label/approve'],
  ['POST', '/api/v1/mcp/servers/:label/login'],
  ['POST', '/api/v1/mcp/servers/:label/login/:id'],
  ['POST', '/oauth/token'],
  ['POST', '/oauth/revoke'],
  ['POST', '/oauth/introspect'],
  ['POST', '/api/token'],
  ['POST', '/api/token/refresh'],
  ['POST', '/api/token/rotate'],
  ['POST', '/api/token/blacklist'],
];

/** Every route without a body, but the one that ends the caller's own token. */
export const OTHER_DOORS: readonly Door[] = [
  ['GET', '/health'],
  ['GET', '/live'],
  ['GET', '/ready'],
  ['GET', '/metrics'],
  ['GET', '/.well-known/jwks.json'],
  ['GET', '/.well-known/oauth-protected-resource/mcp'],
  ['GET', '/api/v1/whoami'],
  ['GET', '/api/current-user/whoami'],
  ['GET', '/api/v1/models'],
  ['GET', '/api/v1/models/download/status/:id'],
  ['GET', '/v1/models'],
  ['GET', '/v1/models/*id'],
  ['GET', '/api/v0/models'],
  ['GET', '/api/v0/models/*id'],
  ['GET', '/lmstudio-greeting'],
  ['GET', '/lms-status'],
  ['GET', '/'],
  ['GET', '/api/version'],
  ['GET', '/api/tags'],
  ['GET', '/api/ps'],
  ['GET', '/console'],
  ['GET', '/console/*path'],
  ['GET', '/docs'],
  ['GET', '/docs/*path'],
  ['GET', '/llms.txt'],
  ['GET', '/api/v1/sessions'],
  ['POST', '/api/v1/sessions/links'],
  ['DELETE', '/api/v1/sessions/current'],
  ['DELETE', '/api/v1/sessions/:id'],
  ['GET', '/api/v1/settings'],
  ['GET', '/api/v1/tokens'],
  ['GET', '/api/v1/tokens/:id'],
  ['DELETE', '/api/v1/tokens/:id'],
  ['POST', '/api/v1/tokens/:id/revoke'],
  ['GET', '/api/token'],
  ['GET', '/api/v1/approvals'],
  ['GET', '/api/v1/approvals/:id'],
  ['GET', '/api/v1/mcp/servers'],
  ['GET', '/api/v1/mcp/servers/:label/logs'],
  ['GET', '/api/v1/mcp/servers/:label/pins'],
  ['GET', '/api/v1/mcp/servers/:label/login'],
  ['DELETE', '/api/v1/mcp/servers/:label/login'],
  ['GET', '/oauth/client.json'],
  ['GET', '/api/v1/responses'],
  ['GET', '/api/v1/responses/:id'],
  ['DELETE', '/api/v1/responses/:id'],
  ['GET', '/v1/responses/:id'],
  ['DELETE', '/v1/responses/:id'],
  ['GET', '/v1/responses/:id/input_items'],
  ['POST', '/v1/responses/:id/cancel'],
  ['GET', '/api/v1/audit'],
  ['GET', '/api/v1/usage'],
  ['GET', '/api/v1/token-doctor'],
];

const IDS = ['none', 'aB3dE5gH', 'resp_1', '%2F..%2F..', '%00', '%ff', '__proto__', `resp_${'0'.repeat(4000)}`, '*'];

/** A door's path with something in the place of each parameter. */
export const pathThrough = (random: Random, path: string): string =>
  path.replaceAll(/[:*][a-z]+/g, () => random.pick(IDS));

const NAMES = ['limit', 'after', 'order', 'stream', 'starting_after', 'from', 'to', 'group', 'token', 'type', 'wait'];
const VALUES = ['-1', '0', '1e9', '9007199254740993', '', 'NaN', 'true', 'asc', '2026-01-01', '%00', 'x'.repeat(4000)];

/** A query of parameters that routes read, with values that they do not expect. */
export const query = (random: Random): string =>
  Array.from({ length: random.magnitude(20) }, () => `${random.pick(NAMES)}=${random.pick(VALUES)}`).join('&');
