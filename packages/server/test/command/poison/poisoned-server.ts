import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { POISON } from './poison.ts';

/** How the server behaves: it does all that it is asked for, refuses with this status, or sends something that is no JSON. */
export type Behaviour = 'answers' | 'babbles' | 400 | 401 | 403 | 404 | 409 | 503;

const grant = { actions: [POISON], models: [POISON], mcp: { [POISON]: { tools: { [POISON]: {} } } } };
const flags = [{ kind: POISON, path: POISON, detail: POISON }];
const counts = { requests: 1, inputTokens: 1, outputTokens: 1, toolCalls: 1 };
const token = {
  id: POISON,
  kind: POISON,
  name: POISON,
  owner: POISON,
  project: POISON,
  notes: `${POISON}\n${POISON}`,
  token: POISON,
  parentId: POISON,
  createdAt: POISON,
  createdBy: POISON,
  expiresAt: POISON,
  rotateAfter: POISON,
  lastUsedAt: POISON,
  grant,
  caveats: [{ source: POISON, grant }],
  warnings: [{ path: POISON, message: POISON }],
  stored: true,
};
const response = { id: POISON, model: POISON, state: POISON, created_at: POISON, previous_response_id: POISON };

const approval = {
  id: POISON,
  rootId: POISON,
  token: { id: POISON, name: POISON, owner: POISON },
  project: POISON,
  server: POISON,
  tool: POISON,
  arguments: { [POISON]: POISON },
  requestedAt: POISON,
  expiresAt: POISON,
};
const server = {
  label: POISON,
  id: POISON,
  transport: POISON,
  state: POISON,
  error: POISON,
  sandbox: { layers: [POISON], missing: POISON },
  tools: [{ name: POISON, description: POISON, flags }],
  problems: [POISON],
  pins: { held: [{ name: POISON }] },
};
const entry = {
  seq: 1,
  at: POISON,
  type: POISON,
  actor: { id: POISON, name: POISON, address: POISON },
  project: POISON,
  subject: POISON,
  details: { name: POISON, outcome: POISON, reason: POISON },
  previousHash: POISON,
  hash: POISON,
};
const events = [
  { type: 'message.delta', content: POISON },
  { type: 'tool_call.arguments', tool: POISON, arguments: { [POISON]: POISON } },
  { type: 'tool_call.approval_required', approval_id: POISON, response_id: POISON },
  { type: 'tool_call.failure', reason: POISON },
  { type: 'error', error: { message: POISON } },
  { type: 'chat.end', result: { output: [{ type: 'message', content: POISON }] } },
];
const asked = [
  { type: 'approval.requested', approval },
  { type: 'approval.answered', id: POISON, outcome: POISON },
];

/** What each route answers, by the beginning of its method and path; the first that fits counts. */
const ANSWERS: readonly (readonly [route: string, body: unknown])[] = [
  ['GET /health', { status: POISON, proof: { key: POISON, signature: POISON } }],
  [
    'GET /api/v1/whoami',
    {
      ...token,
      authority: [{ source: POISON, grant }],
      limits: [{ name: POISON, source: POISON, limit: 1, remaining: 1 }],
    },
  ],
  ['GET /v1/models', { data: [{ id: POISON, type: POISON, context_length: POISON }] }],
  ['POST /api/v1/can', { allowed: false, message: POISON }],
  [
    'GET /api/v1/models',
    {
      models: [
        {
          key: POISON,
          type: POISON,
          params_string: POISON,
          quantization: { name: POISON },
          size_bytes: 1,
          max_context_length: POISON,
          loaded_instances: [{ id: POISON, config: { context_length: POISON, parallel: POISON } }],
        },
      ],
      aliases: { [POISON]: POISON },
      unreadable: [{ key: POISON, reason: POISON }],
    },
  ],
  ['POST /api/v1/models/load', { instance_id: POISON, load_time_seconds: POISON }],
  ['POST /api/v1/models/download/cancel', { job_id: POISON, status: 'failed', error: POISON }],
  ['POST /api/v1/models/download', { job_id: POISON, model: POISON, status: POISON, total_size_bytes: POISON }],
  ['POST /api/v1/models/delete', { model: POISON }],
  ['POST /api/v1/models/unload', { instance_id: POISON }],
  [
    'GET /api/v1/mcp/servers/filled/pins',
    { tools: [{ name: POISON, state: 'new', fingerprint: POISON, flags, diff: `+${POISON}\n-${POISON}` }] },
  ],
  ['POST /api/v1/mcp/servers/filled/approve', { approved: [POISON] }],
  ['GET /api/v1/mcp/servers/filled/logs', { lines: [POISON] }],
  [
    'GET /api/v1/mcp/servers/filled/login',
    { id: POISON, account: 'user', grant: 'login', callbackHost: null, callbackPort: null },
  ],
  ['POST /api/v1/mcp/servers/filled/login/', { state: 'signed in' }],
  [
    'POST /api/v1/mcp/servers/filled/login',
    { id: POISON, url: POISON, completeUrl: POISON, userCode: POISON, intervalMs: 1 },
  ],
  ['GET /api/v1/mcp/servers', { servers: [server], error: POISON, warnings: [POISON] }],
  ['GET /api/v1/settings', { tokenKinds: { [POISON]: POISON }, [POISON]: POISON }],
  ['PATCH /api/v1/settings', { tokenKinds: { legacy: POISON }, [POISON]: POISON }],
  ['POST /api/v1/erasures', { pseudonym: POISON, deleted: { tokens: POISON }, message: POISON }],
  ['GET /api/v1/usage', { group: 'token', rows: [{ token: POISON, ...counts }], totals: { ...counts, cost: POISON } }],
  [
    'GET /api/v1/responses',
    {
      ...response,
      responses: [response],
      next: POISON,
      messages: [
        { role: POISON, content: POISON, tool_calls: [{ name: POISON, arguments: { [POISON]: POISON } }] },
        { role: 'user', content: [{ type: POISON }, { type: 'text', text: POISON }] },
      ],
    },
  ],
  ['DELETE /api/v1/responses', { id: POISON, deleted: POISON }],
  [
    'GET /api/v1/token-doctor',
    {
      tokens: 1,
      toolCallsSince: null,
      counts: { idle: 9 },
      findings: [{ kind: 'idle', token: { id: POISON, name: POISON, owner: POISON }, message: POISON }],
      narrowed: { actions: [POISON] },
    },
  ],
  ['GET /api/v1/approvals', { approvals: [approval, approval] }],
  ['POST /api/v1/approvals', approval],
  ['GET /api/v1/audit', { entries: [entry] }],
  ['GET /.well-known/jwks.json', { keys: [{ kid: POISON, alg: POISON }] }],
  ['POST /api/v1/keys/rotate', { kid: POISON, signsFrom: POISON }],
  [
    'POST /api/v1/tokens/import',
    { keys: [{ name: POISON, outcome: 'refused', code: POISON, message: POISON, param: POISON }] },
  ],
  ['POST /api/v1/tokens/revoke', { revoked: [token] }],
  ['GET /api/v1/tokens?', { tokens: [token] }],
  ['POST /oauth/token', { access_token: POISON }],
  ['', token],
];

/** Starts a server on which everything is poisoned, and returns its URL. */
export async function startPoisonedServer(behaviour: Behaviour): Promise<string> {
  let isFollowed = false;
  const listener = createServer((request, response) => {
    const route = `${request.method} ${request.url}`;
    if (behaviour === 'babbles') return void response.setHeader('Content-Type', 'text/html').end(POISON);
    if (behaviour !== 'answers') return refuse(response, behaviour);
    if (route.startsWith('POST /api/v1/chat')) return stream(response, events);
    if (request.headers.accept === 'text/event-stream') {
      // Otherwise a command that follows would connect again for ever.
      isFollowed = !isFollowed;
      return isFollowed ? stream(response, asked) : refuse(response, 403);
    }
    const [, body] = ANSWERS.find(([beginning]) => route.startsWith(beginning)) ?? [];
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    listener.closeAllConnections();
    listener.close();
  });
  await once(listener, 'listening');
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(
    JSON.stringify({
      error: {
        code: POISON,
        message: POISON,
        param: POISON,
        decision: { grant: 0, source: POISON, rule: POISON, reason: POISON },
      },
    }),
  );
}

function stream(response: ServerResponse, sent: readonly unknown[]): void {
  response.setHeader('Content-Type', 'text/event-stream');
  response.end(sent.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
}
