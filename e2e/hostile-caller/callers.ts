import { attenuateToken } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { BODY_DOORS, OTHER_DOORS, pathThrough, query } from './doors.ts';
import { caveat } from './grant-grammar.ts';
import { broken, json, text, wide } from './json-grammar.ts';
import { EMBEDDING_KEYS, inputs, items, PROMPTS, prompts } from './prompts.ts';
import type { Random } from './random.ts';
import { schema } from './schema-grammar.ts';
import type { HostileRequest } from './send.ts';

/** A hostile caller's knowledge of the server. */
export interface Target {
  readonly model: string;
  readonly embeddingModel: string;
  /** The MCP server and the one tool of it that the low-privilege token may call. */
  readonly server: string;
  readonly tool: string;
  /** The caller's token; undefined for a caller without one. */
  readonly token: string | undefined;
}

/** One kind of hostile request. */
export interface Hostility {
  readonly kind: string;
  make(random: Random, target: Target): HostileRequest | Promise<HostileRequest>;
}

const as = ({ token }: Target, more: Record<string, string> = {}): Record<string, string> => ({
  'Content-Type': 'application/json',
  ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  ...more,
});

const post = (target: Target, path: string, body: string | Buffer): HostileRequest => ({
  method: 'POST',
  path,
  headers: as(target),
  body,
});

const member = (random: Random, names: readonly string[]): string =>
  `${JSON.stringify(random.pick(names))}:${json(random)}`;

/** All kinds of hostile requests; each caller sends each of them. */
export const hostilities: readonly Hostility[] = [
  {
    kind: 'body: any JSON',
    make: (random, target) => {
      const [method, path] = random.pick(BODY_DOORS);
      return { ...post(target, pathThrough(random, path), json(random)), method };
    },
  },
  {
    kind: 'body: not JSON',
    make: (random, target) => {
      const [method, path] = random.pick(BODY_DOORS);
      return { ...post(target, pathThrough(random, path), broken(random)), method };
    },
  },
  {
    kind: 'body: slow',
    make: (random, target) => {
      const [method, path] = random.pick(BODY_DOORS);
      return {
        ...post(target, pathThrough(random, path), json(random)),
        method,
        pauseMilliseconds: random.magnitude(3000),
      };
    },
  },
  {
    kind: 'body: one wrong member',
    make: (random, target) => {
      const { path, said, brief, keys } = random.pick(PROMPTS);
      const members = [said(target.model), ...(brief === undefined ? [] : [brief]), member(random, keys)];
      return post(target, path, `{${members.join(',')}}`);
    },
  },
  {
    kind: 'doors without a body',
    make: (random, target) => {
      const [method, path] = random.pick(OTHER_DOORS);
      return { method, path: `${pathThrough(random, path)}?${query(random)}`, headers: as(target) };
    },
  },
  {
    kind: 'embeddings',
    make: (random, target) => {
      const more = random.fraction() < 0.3 ? `,${member(random, EMBEDDING_KEYS.slice(1))}` : '';
      const leaving = random.fraction() < 0.3 ? { leaveAfterMilliseconds: random.magnitude(500) } : {};
      const body = `{"model":"${target.embeddingModel}","input":${inputs(random)}${more}}`;
      return { ...post(target, '/v1/embeddings', body), ...leaving };
    },
  },
  {
    kind: 'completions',
    make: (random, target) => {
      const more = `"n":${random.magnitude(4)},"max_tokens":${random.magnitude(20)},"stream":${random.fraction() < 0.5}`;
      return post(target, '/v1/completions', `{"model":"${target.model}","prompt":${prompts(random)},${more}}`);
    },
  },
  {
    kind: 'responses: items',
    make: (random, target) =>
      post(
        target,
        random.pick(['/v1/responses', '/v1/responses/input_tokens']),
        `{"model":"${target.model}","max_output_tokens":10,"input":${items(random)}}`,
      ),
  },
  {
    kind: 'responses: in the background',
    make: (random, target) => {
      const leaving = random.fraction() < 0.5 ? { leaveAfterMilliseconds: random.magnitude(200) } : {};
      const stream = random.fraction() < 0.5;
      const body = `{"model":"${target.model}","input":"Hello","max_output_tokens":${random.magnitude(60)},"background":true,"stream":${stream}}`;
      return { ...post(target, '/v1/responses', body), ...leaving };
    },
  },
  {
    kind: 'counting',
    make: (random, target) => {
      const said = JSON.stringify('fox '.repeat(random.magnitude(900_000)));
      const [path, body] = random.pick([
        ['/v1/messages/count_tokens', `"messages":[{"role":"user","content":${said}}]`],
        ['/v1/responses/input_tokens', `"input":${said}`],
      ] as const);
      return post(target, path, `{"model":"${target.model}",${body}}`);
    },
  },
  {
    kind: 'headers',
    make: (random, target) => ({
      method: random.pick(['GET', 'POST', 'OPTIONS', 'HEAD', 'DELETE']),
      path: random.pick(['/health', '/v1/models', '/api/v1/chat', '/mcp', '/']),
      headers: {
        ...as(target),
        [random.pick([
          'Authorization',
          'X-Api-Key',
          'Latchkey-Project',
          'Origin',
          'Host',
          'Cookie',
          'X-Forwarded-For',
          'Accept',
          'X-Request-Id',
        ])]: random.pick([
          'eyJ'.repeat(4000),
          `Bearer ${'lka_'.repeat(3000)}`,
          'Basic !!!!',
          'http://evil.example',
          'a,'.repeat(5000),
          '\u00ff'.repeat(100),
          '1.2.3.4, '.repeat(900),
        ]),
      },
    }),
  },
  {
    kind: 'address',
    make: (random, target) => ({
      method: random.pick(['GET', 'POST', 'DELETE']),
      path: `/${random.pick(['eyJ'.repeat(random.magnitude(5000)), 'lka_'.repeat(random.magnitude(3500)), 'sk-lm-%2541'.repeat(random.magnitude(1200)), '%00%ff'.repeat(random.magnitude(1500)), 'a/'.repeat(random.magnitude(7000)), 'v1/models/%2F..%2F', `?${'a[]=1&'.repeat(random.magnitude(2000))}`])}`,
      headers: as(target),
    }),
  },
  {
    kind: 'schema: answer',
    make: (random, target) =>
      post(
        target,
        '/v1/chat/completions',
        `{"model":"${target.model}","max_tokens":40,"messages":[{"role":"user","content":"Hello"}],"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":${schema(random)}}}}`,
      ),
  },
  {
    kind: 'schema: tool',
    make: (random, target) =>
      post(
        target,
        '/v1/chat/completions',
        `{"model":"${target.model}","max_tokens":40,"tool_choice":${random.pick(['"auto"', '"required"', '"none"'])},"messages":[{"role":"user","content":"Hello"}],"tools":[{"type":"function","function":{"name":"t","parameters":${schema(random)}}}]}`,
      ),
  },
  {
    kind: 'history',
    make: (random, target) => {
      const messages = Array.from({ length: random.magnitude(600) + 1 }, () => message(random));
      return post(
        target,
        '/v1/chat/completions',
        `{"model":"${target.model}","max_tokens":20,"messages":[${messages.join(',')}]}`,
      );
    },
  },
  {
    kind: 'long prompt',
    make: (random, target) =>
      post(
        target,
        '/api/v1/chat',
        JSON.stringify({ model: target.model, input: 'fox '.repeat(random.magnitude(900_000)) }),
      ),
  },
  {
    kind: 'grant of its own',
    make: async (random, target) => {
      const argumentsText = `{"message":${random.fraction() < 0.5 ? wide(random) : JSON.stringify(text(random))}}`;
      const request = post(
        target,
        '/api/v1/can',
        `{"action":"chat","tool":{"server":"${target.server}","name":"${target.tool}","arguments":${argumentsText}}}`,
      );
      return { ...request, headers: as({ ...target, token: await narrowed(random, target) }) };
    },
  },
  {
    kind: 'tool call over /mcp',
    make: (random, target) => {
      const params = `{"name":${JSON.stringify(random.fraction() < 0.5 ? target.tool : text(random))},"arguments":{"message":${json(random)}}}`;
      return {
        ...post(target, '/mcp', `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`),
        headers: as(target, { Accept: 'application/json, text/event-stream' }),
      };
    },
  },
  {
    kind: 'leaving early',
    make: (random, target) => {
      const { path, said } = random.pick(PROMPTS);
      const body = `{${said(target.model)},"stream":${random.fraction() < 0.5}}`;
      return { ...post(target, path, body), leaveAfterMilliseconds: random.magnitude(2000) };
    },
  },
  {
    kind: 'more context',
    make: (random, target) =>
      post(
        target,
        '/api/v1/chat',
        JSON.stringify({
          model: target.model,
          input: 'Hello',
          max_output_tokens: 5,
          context_length: random.magnitude(4000),
        }),
      ),
  },
];

function message(random: Random): string {
  const role = random.pick(['system', 'user', 'assistant', 'tool', 'developer', 'function', 'robot']);
  const content =
    random.fraction() < 0.9 ? JSON.stringify(random.pick(['Hello', '', '<think>x</think>'])) : json(random);
  const call = random.pick(['{}', '{"a":', 'null', '{"a":'.repeat(random.magnitude(9000))]);
  const calls = `,"tool_calls":[{"id":"c","type":"function","function":{"name":"t","arguments":${JSON.stringify(call)}}}]`;
  return `{"role":"${role}","content":${content}${role === 'assistant' && random.fraction() < 0.3 ? calls : ''}}`;
}

/** The caller's token with an added caveat; the token itself when the caveat is not accepted. */
async function narrowed(random: Random, target: Target): Promise<string | undefined> {
  if (target.token === undefined) return undefined;
  try {
    return await attenuateToken(llm, target.token, caveat(random, target.server, target.tool) as Grant);
  } catch {
    return target.token;
  }
}
