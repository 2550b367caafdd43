import {
  AUTH_ERROR_CODES,
  AuthError,
  type AuthErrorCode,
  type DeniedDecision,
  InvalidTokenError,
  LimitExceededError,
  PermissionDeniedError,
  type TokenRefusal,
} from '@latchkey/auth-core';
import { challenge } from '@latchkey/auth-core/http';
import { llm } from '@latchkey/auth-core/llm';
import type { BridgeErrorCode } from '@latchkey/mcp-bridge';
import type { ApiDialect } from '../../packages/server/src/contracts/api-dialect.ts';
import type { ServerErrorCode } from '../../packages/server/src/contracts/server-error.ts';
import { anthropicDialect } from '../../packages/server/src/dialects/anthropic/index.ts';
import { lmstudioDialect } from '../../packages/server/src/dialects/lmstudio/index.ts';
import { openaiDialect } from '../../packages/server/src/dialects/openai/index.ts';
import { labelStudioDialect } from '../../packages/server/src/http/errors/label-studio.ts';
import { mcpDialect } from '../../packages/server/src/http/errors/mcp.ts';
import { oauthDialect } from '../../packages/server/src/http/errors/oauth.ts';
import { toServerError } from '../../packages/server/src/http/to-server-error.ts';
import { WIRE_ERRORS } from '../../packages/server/src/wire/wire-errors.ts';
import { readMeanings, renderTable } from './code-table.ts';

/** A new code of the bridge does not compile until it is listed here. */
const BRIDGE_CODES: Readonly<Record<BridgeErrorCode, true>> = {
  MCP_CONFIG_INVALID: true,
  MCP_SERVER_UNKNOWN: true,
  MCP_CONNECTION_FAILED: true,
  MCP_DENIED: true,
  MCP_TOOL_UNAVAILABLE: true,
  MCP_NO_TOOLS: true,
  MCP_EPHEMERAL_INVALID: true,
  MCP_TOOL_CHANGED: true,
  MCP_CLOSED: true,
};

/** The paths that share one format of errors, and the dialect that renders it. */
const DIALECTS: readonly { readonly paths: string; readonly dialect: ApiDialect }[] = [
  { paths: '`/api/v1/…` and everything that is not named below, as LM Studio says it', dialect: lmstudioDialect },
  { paths: '`/v1/messages…`, as Anthropic says it', dialect: anthropicDialect },
  { paths: '`/v1/…`, as OpenAI says it', dialect: openaiDialect },
  { paths: '`/api/token…`, as Label Studio says it', dialect: labelStudioDialect },
  { paths: '`/oauth/…` (RFC 6749 section 5.2)', dialect: oauthDialect },
  { paths: '`/mcp`, what is refused before a call of the protocol is read (JSON-RPC 2.0)', dialect: mcpDialect },
];

/** Renders docs/errors.md from the tables that the code itself uses. */
export function renderErrorsPage(): string {
  return `# Errors

This page is made from the code by \`pnpm generate\`; a test holds it to it. Codes are API and stay; messages are for people and
may change. No error has a secret, a token or the arguments of a tool in it.

## What the server answers

${renderServerTable()}

Every answer has an \`X-Request-Id\`, by which the log knows the request. Under \`/api/v1\` and \`/v1\`, what \`auth-core\` has refused
has its own code, the last column, as \`details.code\`; a denied permission also says which grant denied (\`grant\`, its place in the
chain; \`source\`), by which \`rule\`, and for what \`reason\`; a limit says which it is (\`limit\`) and whose (\`source\`), and
\`Retry-After\` for how long. A 401 and a 403 have the \`WWW-Authenticate\` that the table of auth-core has below.

Once an answer streams, its status is out. An error is then an event of its own, \`error\` with the same body, and the end of the
stream.

## How it is said

The same refusal, of a token that may do less than was asked:

${DIALECTS.map(renderDialect).join('\n\n')}

Under \`/api/token…\` every 401 has the code \`token_not_valid\`, by which Label Studio's clients know it.

A token exchange that asks for something impossible is a 400 in the words of RFC 6749 and RFC 8693: \`invalid_request\`,
\`invalid_scope\`, \`invalid_target\`, \`unsupported_grant_type\`, or \`invalid_grant\` for a token that will not do.

## What auth-core throws

\`AuthError.code\`; \`challenge\` of \`@latchkey/auth-core/http\` makes the status and the headers of it (RFC 6750 section 3), in every
framework.

${renderAuthTable()}

What the caller reads when it is the token that will not do:

${renderRefusals()}

## What mcp-bridge throws

\`BridgeError.code\`, before a tool is called. What goes wrong in a call is an answer to the model.

${renderBridgeTable()}

## For callers

\`@latchkey/client\` throws typed errors with codes of its own: [client.md](client.md#errors). The \`latchkey\` command prints one
line to standard error, which says what to do, and ends with 1.
`;
}

/** The core's codes that are reported as this one. */
function coreCodesOf(code: ServerErrorCode): readonly AuthErrorCode[] {
  return AUTH_ERROR_CODES.filter((core) => examplesOf(core).some((error) => toServerError(error).code === code));
}

/** One error of each kind with this code: all limits share one code. */
function examplesOf(core: AuthErrorCode): readonly AuthError[] {
  if (core !== 'AUTH_LIMIT_EXCEEDED') return [new AuthError(core, '')];
  const limits = ['requestsPerMinute', 'concurrentRequests', 'tokensPerDay', 'tokensPerMonth'] as const;
  return limits.map((limit) => new LimitExceededError(limit, '', 1));
}

function renderServerTable(): string {
  const codes = Object.keys(WIRE_ERRORS) as ServerErrorCode[];
  const meanings = readMeanings('packages/server/src/contracts/server-error.ts', codes);
  const rows = codes
    .map((code) => ({ code, wire: WIRE_ERRORS[code] }))
    .sort((one, other) => one.wire.status - other.wire.status)
    .map(({ code, wire }) => [
      String(wire.status),
      `\`${wire.code}\``,
      meanings.get(code) ?? '',
      coreCodesOf(code)
        .map((core) => `\`${core}\``)
        .join(', '),
    ]);
  return renderTable(['status', 'code', 'raised when', '`details.code`'], rows);
}

function renderDialect({ paths, dialect }: (typeof DIALECTS)[number]): string {
  const { body } = dialect.renderError(toServerError(new PermissionDeniedError(denied())));
  return `${paths}:\n\n\`\`\`json\n${JSON.stringify(body, undefined, 2)}\n\`\`\``;
}

/** The decision for a token that may use only other models. */
function denied(): DeniedDecision {
  const authority = [
    { grant: llm.everything, source: 'server policy' },
    { grant: { actions: ['chat'], models: ['ibm/*'] }, source: 'token ci-bot' },
  ] as const;
  const decision = llm.decide(authority, { action: 'chat', models: 'latchkey/nano' }, { now: new Date() });
  if (decision.allowed) throw new Error('the example of a refusal is allowed');
  return decision;
}

function renderAuthTable(): string {
  const meanings = readMeanings('packages/auth-core/src/errors.ts', AUTH_ERROR_CODES);
  const rows = AUTH_ERROR_CODES.map((code) => {
    const { status, headers } = challenge(new AuthError(code, ''));
    const [, word] = /error="([a-z_]+)"/.exec(String(headers['WWW-Authenticate'] ?? '')) ?? [];
    const offered = headers['WWW-Authenticate'] === undefined ? '' : 'Bearer';
    return [`\`${code}\``, meanings.get(code) ?? '', String(status), word === undefined ? offered : `\`${word}\``];
  });
  return renderTable(['code', 'raised when', 'status', '`WWW-Authenticate`'], rows);
}

/** The codes of a 401, with their messages. */
function renderRefusals(): string {
  const codes = AUTH_ERROR_CODES.filter((code) => challenge(new AuthError(code, '')).status === 401) as TokenRefusal[];
  return renderTable(
    ['code', 'message'],
    codes.map((code) => [`\`${code}\``, new InvalidTokenError(code).message]),
  );
}

function renderBridgeTable(): string {
  const codes = Object.keys(BRIDGE_CODES);
  const meanings = readMeanings('packages/mcp-bridge/src/errors.ts', codes);
  return renderTable(
    ['code', 'raised when'],
    codes.map((code) => [`\`${code}\``, meanings.get(code) ?? '']),
  );
}
