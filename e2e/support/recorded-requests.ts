/**
 * A request as a program sends it, put together from its published source and not captured on a wire. Not in the named
 * file, and so less sure: the outer fields of Goose and n8n, and of Open WebUI `features`, the ids and
 * `background_tasks`.
 */
export interface RecordedRequest {
  readonly client: string;
  /** Repository, path and commit of the code that makes the request; not always the newest. */
  readonly source: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** How it reads the answer. */
  readonly reads: 'chunks' | 'lines' | 'texts' | 'completion';
}

const MODEL = 'latchkey/nano';

/** A schema as serde's schemars writes it, and as MCP servers have them. */
const lookUp = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'LookUpInput',
  type: 'object',
  properties: {
    path: { description: 'The path.\n\n<example>/a</example>', type: 'string' },
    lines: { type: ['integer', 'null'], format: 'uint32', minimum: 0, default: null },
  },
  required: ['path'],
  additionalProperties: false,
};
const tool = (name: string, more: object = {}) => ({
  type: 'function',
  function: { name, description: `Calls ${name}.`, parameters: lookUp, ...more },
});

export const RECORDED_REQUESTS: readonly RecordedRequest[] = [
  {
    client: 'Zed, LM Studio provider',
    source: 'zed-industries/zed crates/lmstudio/src/lmstudio.rs@04a889ce957d',
    path: '/api/v0/chat/completions',
    body: {
      model: MODEL,
      messages: [
        { role: 'system', content: 'You help in an editor.' },
        { role: 'user', content: 'Read a.' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: '1', type: 'function', function: { name: 'read_file', arguments: '{"path":"a"}' } }],
        },
        { role: 'tool', content: 'aaa', tool_call_id: '1' },
        { role: 'user', content: 'Hello' },
      ],
      stream: true,
      max_tokens: -1,
      stop: [],
      temperature: 1.0,
      tools: [tool('read_file')],
      tool_choice: 'none',
    },
    reads: 'chunks',
  },
  {
    client: 'Cline, LM Studio provider',
    source: 'cline/cline src/core/api/providers/lmstudio.ts@04d5bc1b2e4d',
    path: '/api/v0/chat/completions',
    headers: { 'x-stainless-lang': 'js', 'user-agent': 'OpenAI/JS 4.83.0' },
    body: {
      model: MODEL,
      messages: [
        { role: 'system', content: 'You are Cline.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: '<task>\nHello\n</task>' },
            { type: 'text', text: '<environment_details>\n# Current Time\n</environment_details>' },
          ],
        },
      ],
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 64,
    },
    reads: 'chunks',
  },
  {
    client: 'Cline, Ollama provider',
    source: 'cline/cline src/core/api/providers/ollama.ts@068316fee05a',
    path: '/api/chat',
    headers: { 'user-agent': 'ollama-js/0.5.13 (x64 linux Node.js/v20.19.1)' },
    body: {
      model: MODEL,
      messages: [
        { role: 'system', content: 'You are Cline.' },
        { role: 'user', content: 'Hello', images: [] },
      ],
      stream: true,
      options: { num_ctx: 32768 },
    },
    reads: 'lines',
  },
  {
    client: 'Continue, OpenAI and LM Studio providers',
    source: 'continuedev/continue core/llm/llms/OpenAI.ts@0069b9488b92',
    path: '/v1/chat/completions',
    headers: { 'api-key': '' },
    body: {
      messages: [
        { role: 'system', content: ' ' },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: ' ' },
        { role: 'user', content: 'Hello' },
      ],
      model: MODEL,
      max_tokens: 64,
      temperature: 0.5,
      top_p: 1,
      frequency_penalty: 0,
      presence_penalty: 0,
      stream: true,
      stop: ['/src/', '#- coding: utf-8', '```'],
    },
    reads: 'chunks',
  },
  {
    client: 'Continue, completion while typing',
    source: 'continuedev/continue core/llm/llms/OpenAI.ts@0069b9488b92',
    path: '/v1/completions',
    headers: { 'api-key': '' },
    body: {
      model: MODEL,
      prompt: 'The quick red',
      max_tokens: 16,
      temperature: 0.01,
      stream: true,
      stop: ['\n\n', '\r\n\r\n', '/src/', '```'],
    },
    reads: 'texts',
  },
  {
    client: 'Open WebUI, OpenAI connection',
    source: 'open-webui/open-webui backend/open_webui/utils/payload.py@05746a996026',
    path: '/v1/chat/completions',
    body: {
      stream: true,
      model: MODEL,
      messages: [
        { role: 'system', content: 'You help ada.' },
        { role: 'user', content: 'Hello' },
      ],
      stream_options: { include_usage: true },
      temperature: 0.8,
      top_p: 0.9,
      max_tokens: 128,
      frequency_penalty: 1.1,
      seed: 0,
      stop: ['<end>'],
      features: { image_generation: false, web_search: false },
      session_id: 'a',
      chat_id: 'b',
      background_tasks: { title_generation: true },
    },
    reads: 'chunks',
  },
  {
    client: 'Open WebUI, Ollama connection',
    source: 'open-webui/open-webui backend/open_webui/utils/payload.py@05746a996026',
    path: '/api/chat',
    body: {
      model: MODEL,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      options: {
        temperature: 0.8,
        top_p: 0.9,
        seed: 0,
        mirostat: 0,
        mirostat_eta: 0.1,
        mirostat_tau: 5,
        num_ctx: 2048,
        num_batch: 512,
        num_keep: 24,
        repeat_last_n: 64,
        tfs_z: 1,
        top_k: 40,
        min_p: 0,
        use_mmap: true,
        use_mlock: false,
        num_thread: 2,
        num_gpu: 0,
        num_predict: 64,
        repeat_penalty: 1.1,
        new_topic_penalty: 0,
      },
    },
    reads: 'lines',
  },
  {
    client: 'Home Assistant, Ollama integration',
    source: 'home-assistant/core homeassistant/components/ollama/entity.py@0d0db908b51d',
    path: '/api/chat',
    headers: { 'user-agent': 'ollama-python/0.5.1 (x86_64 linux) Python/3.13.2' },
    body: {
      model: MODEL,
      messages: [
        { role: 'system', content: 'You are a voice assistant for Home Assistant.' },
        { role: 'user', content: 'Is the light on?' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ function: { name: 'GetLiveContext', arguments: {} } }],
        },
        { role: 'tool', content: '{"data": {"success": true}, "error": null}' },
        { role: 'user', content: 'Hello' },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'GetLiveContext',
            parameters: { type: 'object', properties: {}, required: [] },
            description: 'The state of devices.',
          },
        },
      ],
      stream: true,
      options: { num_ctx: 8192 },
      keep_alive: -1,
      think: false,
    },
    reads: 'lines',
  },
  {
    client: 'n8n, Ollama Chat Model (by LangChain)',
    source: 'n8n-io/n8n packages/@n8n/nodes-langchain/nodes/llms/LMChatOllama/LmChatOllama.node.ts@021392ede0a1',
    path: '/api/chat',
    body: {
      model: MODEL,
      messages: [{ role: 'user', content: 'Hello' }],
      format: '',
      keep_alive: '5m',
      stream: true,
      options: { temperature: 0.7, top_k: -1, top_p: 1, stop: [] },
    },
    reads: 'lines',
  },
  {
    client: 'Goose, OpenAI-compatible provider',
    source: 'block/goose crates/goose/src/providers/formats/openai.rs@008fca37f25d',
    path: '/v1/chat/completions',
    body: {
      model: MODEL,
      messages: [
        { role: 'system', content: 'You are goose.' },
        { role: 'user', content: 'Read a.' },
        {
          role: 'assistant',
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'developer__shell', arguments: '{"path":"a"}' } },
          ],
        },
        { role: 'tool', content: '', tool_call_id: 'call_1' },
        { role: 'user', content: 'Hello' },
      ],
      tools: [
        tool('developer__shell'),
        tool('developer__edit', { parameters: { type: 'object', properties: {}, required: [] } }),
      ],
      temperature: 0.0,
      max_tokens: 64,
      stream: true,
      stream_options: { include_usage: true },
    },
    reads: 'chunks',
  },
  {
    client: 'Aider',
    source: 'Aider-AI/aider aider/sendchat.py@041f3a4a3816',
    path: '/v1/chat/completions',
    body: {
      model: MODEL,
      messages: [
        { role: 'system', content: 'Act as an expert software developer.' },
        { role: 'user', content: 'Hello' },
      ],
      temperature: 0,
      stream: false,
      functions: [{ name: 'write_file', description: 'Writes.', parameters: lookUp }],
      headers: { 'X-Title': 'Aider' },
    },
    reads: 'completion',
  },
];
