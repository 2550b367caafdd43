import type { RouteBody } from '../../packages/server/src/http/bodies.ts';
import type { Route } from '../../packages/server/src/http/route.ts';
import { createRoutes } from '../../packages/server/src/routes.ts';

/** The APIs by the beginnings of their paths, in the order of the page; the first that fits counts. */
const SECTIONS: readonly { readonly title: string; readonly about: string; readonly paths: RegExp }[] = [
  {
    title: "OpenAI's API",
    about: 'Chat completions, responses, completions, embeddings and models, for [clients of OpenAI](clients.md).',
    paths: /^\/v1\/(?!messages)/,
  },
  { title: "Anthropic's API", about: 'Messages and their count.', paths: /^\/v1\/messages/ },
  {
    title: "LM Studio's API",
    about: 'Chat with `integrations`, and the models on this machine; `/api/v0` is its older form.',
    paths: /^\/api\/v1\/(?:chat|models)|^\/api\/v0\/|^\/lm/,
  },
  {
    title: "Ollama's API",
    about: 'What its clients need.',
    paths: /^\/$|^\/api\/(?:version|tags|ps|show|embed|embeddings|pull|copy|delete|chat|generate)$/,
  },
  {
    title: 'MCP',
    about: 'The permitted tools of all [MCP servers](mcp.md), for MCP clients.',
    paths: /^\/mcp|protected-resource/,
  },
  {
    title: 'Tokens of other shapes',
    about: "OAuth's endpoints for tokens, and those of Label Studio: see [tokens](tokens.md).",
    paths: /^\/oauth|^\/api\/token|^\/api\/current-user|jwks/,
  },
  {
    title: 'Administration',
    about: 'Tokens, sessions, settings, MCP servers, approvals, responses, usage and the audit log.',
    paths: /^\/api\/v1\//,
  },
  { title: 'The server itself', about: 'Health, figures, and pages for people.', paths: /^\// },
];

/** The table needs no handlers; none of these is ever called. */
const handlers: never = new Proxy(() => handlers, { get: () => handlers }) as never;

/** Renders docs/http-api.md from the routes themselves. */
export function renderHttpPage(): string {
  const routes = createRoutes(handlers, { chatBodyBytes: 64 * 1024 * 1024, dialects: [] });
  const rest = new Set(routes);
  const sections = SECTIONS.map(({ title, about, paths }) => {
    const own = [...rest].filter(({ path }) => paths.test(path));
    for (const route of own) rest.delete(route);
    return `## ${title}\n\n${about}\n\n${renderTable(own)}`;
  });
  return `# The HTTP API

This page is made from the code by \`pnpm generate\`; a test holds it to it. Each endpoint asks for one action of the token's
[grant](grants.md); \`any token\` needs a valid one, \`nobody's\` none. [Errors](errors.md) say what is refused and why.

A token is sent as \`Authorization: Bearer TOKEN\`, or in the header that the API's own clients use. \`Idempotency-Key\`: with this
header the request is carried out once, and repeats get the first answer; an answer that has a secret is kept for ten minutes. Bodies are
JSON unless the table says otherwise; a larger one is a 413.

${sections.join('\n\n')}
`;
}

function renderTable(routes: readonly Route[]): string {
  const rows = routes.map((route) => {
    const { method, path, access, body, idempotency } = route;
    const keeps = idempotency === 'kept' ? 'yes' : idempotency === 'secret' ? 'ten minutes' : '';
    return `| \`${method} ${path}\` | ${describeAccess(access)} | ${describeBody(body)} | ${keeps} |`;
  });
  return ['| endpoint | action | body | `Idempotency-Key` |', '|---|---|---|---|', ...rows].join('\n');
}

const describeAccess = (access: Route['access']): string =>
  access === 'public' ? 'none' : access === 'authenticated' ? 'any token' : `\`${access}\``;

function describeBody(body: RouteBody | undefined): string {
  if (body === undefined) return '';
  const size = body.bytes >= 1_048_576 ? '`limits.bodyBytes`' : `${body.bytes / 1024} kB`;
  return [body.type === 'form' ? 'form, ' : '', `up to ${size}`, body.optional ? ', may be absent' : ''].join('');
}
