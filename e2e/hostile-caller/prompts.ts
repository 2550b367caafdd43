import { json, text } from './json-grammar.ts';
import type { Random } from './random.ts';

/** A route that asks a model: the smallest body for a model, and the keys that it reads. */
export interface Prompt {
  readonly path: string;
  /** The members of the body without its braces. */
  readonly said: (model: string) => string;
  /** The member that keeps the answer short; none where nothing is answered, or where one is required. */
  readonly brief?: string;
  readonly keys: readonly string[];
}

const MESSAGES = '"messages":[{"role":"user","content":"Hello"}]';
const SAMPLING = ['temperature', 'top_p', 'top_k', 'seed', 'stream', 'metadata', 'stop'];
const OPENAI = [...SAMPLING, 'n', 'logit_bias', 'logprobs', 'max_tokens', 'stream_options', 'user'];
const PROMPT = ['input', 'instructions', 'tools', 'tool_choice', 'text', 'reasoning', 'previous_response_id'];
const ANTHROPIC = ['system', 'tools', 'tool_choice', 'thinking', 'output_config', 'mcp_servers', 'messages'];

/** All routes that ask a model that chats. */
export const PROMPTS: readonly Prompt[] = [
  {
    path: '/api/v1/chat',
    said: (model) => `"model":"${model}","input":"Hello"`,
    brief: '"max_output_tokens":20',
    keys: [
      ...['input', 'system_prompt', 'integrations', 'stream', 'temperature', 'max_output_tokens'],
      ...['context_length', 'reasoning', 'store', 'previous_response_id'],
    ],
  },
  {
    path: '/v1/chat/completions',
    said: (model) => `"model":"${model}",${MESSAGES}`,
    brief: '"max_tokens":20',
    keys: [...OPENAI, 'messages', 'tools', 'tool_choice', 'response_format', 'reasoning_effort', 'integrations'],
  },
  {
    path: '/api/v0/chat/completions',
    said: (model) => `"model":"${model}",${MESSAGES}`,
    brief: '"max_tokens":20',
    keys: [...OPENAI, 'messages', 'tools', 'tool_choice', 'response_format'],
  },
  {
    path: '/api/chat',
    said: (model) => `"model":"${model}",${MESSAGES}`,
    brief: '"options":{"num_predict":20}',
    keys: ['messages', 'stream', 'format', 'keep_alive', 'options', 'think', 'tools', 'logprobs', 'integrations'],
  },
  {
    path: '/api/generate',
    said: (model) => `"model":"${model}","prompt":"Once"`,
    brief: '"options":{"num_predict":20}',
    keys: ['prompt', 'suffix', 'system', 'images', 'raw', 'stream', 'format', 'keep_alive', 'options', 'think'],
  },
  {
    path: '/v1/completions',
    said: (model) => `"model":"${model}","prompt":"Once"`,
    brief: '"max_tokens":20',
    keys: [...OPENAI, 'prompt', 'suffix', 'echo', 'best_of'],
  },
  {
    path: '/v1/responses',
    said: (model) => `"model":"${model}","input":"Hello"`,
    brief: '"max_output_tokens":20',
    keys: [
      ...PROMPT,
      ...['include', 'stream', 'store', 'background', 'metadata', 'integrations', 'max_tool_calls', 'truncation'],
    ],
  },
  { path: '/v1/responses/input_tokens', said: (model) => `"model":"${model}","input":"Hello"`, keys: PROMPT },
  {
    path: '/v1/messages',
    said: (model) => `"model":"${model}","max_tokens":200,${MESSAGES}`,
    keys: [...SAMPLING, ...ANTHROPIC, 'max_tokens', 'stop_sequences', 'service_tier', 'container'],
  },
  { path: '/v1/messages/count_tokens', said: (model) => `"model":"${model}",${MESSAGES}`, keys: ANTHROPIC },
];

export const EMBEDDING_KEYS = ['input', 'encoding_format', 'dimensions', 'user'];

/** What is embedded: texts, tokens, lists of them; few or many, short or far too long, or something else. */
export function inputs(random: Random): string {
  return random.pick([
    () => json(random),
    () => JSON.stringify(text(random)),
    () => JSON.stringify('cat '.repeat(random.magnitude(500_000))),
    () => numbers(random, 100_000),
    () => many(random, 3000, () => JSON.stringify(text(random).slice(0, 600))),
    () => many(random, 3000, () => numbers(random, 200)),
  ])();
}

/** What is continued: a text, tokens of the vocabulary and beyond it, or several of them. */
export function prompts(random: Random): string {
  return random.pick([
    () => JSON.stringify(text(random)),
    () => JSON.stringify('<|im_start|>system\n'.repeat(random.magnitude(9000))),
    () => JSON.stringify('fox '.repeat(random.magnitude(500_000))),
    () => numbers(random, 100_000),
    () => many(random, 130, () => JSON.stringify(text(random).slice(0, 600))),
    () => many(random, 130, () => numbers(random, 700)),
  ])();
}

const many = (random: Random, most: number, one: () => string): string =>
  `[${Array.from({ length: random.magnitude(most) }, one).join(',')}]`;

function numbers(random: Random, most: number): string {
  const [least, highest] = random.pick([
    [0, 5],
    [0, 4000],
    [-1, 5],
    [0, 1e9],
  ] as const);
  return `[${Array.from({ length: random.magnitude(most) }, () => random.between(least, highest)).join(',')}]`;
}

/** The items of a conversation: those of an earlier response, calls without an end, thoughts that nothing has sealed. */
export function items(random: Random): string {
  const id = random.pick(['msg_1_0', 'msg_0_0', 'rs_1_0', 'x'.repeat(250)]);
  const item = random.pick([
    `{"type":"item_reference","id":"${id}"}`,
    `{"id":"${id}"}`,
    `{"type":"reasoning","id":"${id}","summary":[],"encrypted_content":${JSON.stringify(text(random).slice(0, 5000))}}`,
    `{"type":"function_call","call_id":"c","name":"t","arguments":${JSON.stringify('{"a":'.repeat(random.magnitude(3000)))}}`,
    '{"type":"function_call_output","call_id":"c","output":"x"}',
    `{"type":"mcp_approval_response","approval_request_id":"${id}","approve":true}`,
    '{"type":"mcp_call","name":"t","arguments":"{}","output":"x"}',
    '{"role":"assistant","content":[{"type":"output_text","text":"x"}]}',
  ]);
  return `[{"role":"user","content":"Hello"},${Array(random.magnitude(12_000) + 1)
    .fill(item)
    .join(',')}]`;
}
