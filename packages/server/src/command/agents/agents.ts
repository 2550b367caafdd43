import type { Agent, AgentTarget } from './agent.ts';
import { EDITORS } from './editors.ts';

/** The name by which agents with settings of their own know this server. */
const PROVIDER = 'latchkey';
const TOKEN = 'LATCHKEY_TOKEN';
const CHAT: Agent['actions'] = ['chat', 'models:read'];
const CHAT_AND_EMBED: Agent['actions'] = ['chat', 'embeddings', 'models:read'];

const openai = ({ url, token }: AgentTarget) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: token });

/** Every agent and client that can be pointed here by variables or settings; nothing is written into its files. */
export const AGENTS: readonly Agent[] = [
  {
    name: 'claude-code',
    title: 'Claude Code',
    program: 'claude',
    environment: ({ url, model, token }) => ({
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: token,
      ANTHROPIC_MODEL: model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    }),
    without: ['ANTHROPIC_API_KEY'],
    actions: CHAT,
  },
  {
    name: 'codex',
    title: 'Codex',
    program: 'codex',
    args: ({ url, model }) =>
      [
        `model=${JSON.stringify(model)}`,
        `model_provider="${PROVIDER}"`,
        `model_providers.${PROVIDER}.name="Latchkey"`,
        `model_providers.${PROVIDER}.base_url="${url}/v1"`,
        `model_providers.${PROVIDER}.model_catalog_url="${url}/v1/models"`,
        `model_providers.${PROVIDER}.env_key="${TOKEN}"`,
        `model_providers.${PROVIDER}.wire_api="responses"`,
        'features.api_key_model_discovery=true',
      ].flatMap((setting) => ['-c', setting]),
    environment: ({ token }) => ({ [TOKEN]: token }),
    actions: CHAT,
  },
  {
    name: 'opencode',
    title: 'OpenCode',
    program: 'opencode',
    environment: ({ url, model, context, token }) => ({
      [TOKEN]: token,
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        model: `${PROVIDER}/${model}`,
        provider: {
          [PROVIDER]: {
            npm: '@ai-sdk/openai-compatible',
            name: 'Latchkey',
            options: { baseURL: `${url}/v1`, apiKey: `{env:${TOKEN}}` },
            models: { [model]: { name: model, limit: { context, output: Math.ceil(context / 2) } } },
          },
        },
      }),
    }),
    actions: CHAT,
  },
  {
    name: 'copilot',
    title: 'Copilot CLI',
    program: 'copilot',
    environment: ({ url, model, token }) => ({
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      COPILOT_PROVIDER_API_KEY: token,
      COPILOT_PROVIDER_WIRE_API: 'responses',
      COPILOT_MODEL: model,
    }),
    actions: CHAT,
  },
  {
    name: 'goose',
    title: 'Goose',
    program: 'goose',
    environment: ({ url, model, token }) => ({
      GOOSE_PROVIDER: 'openai',
      GOOSE_MODEL: model,
      OPENAI_HOST: url,
      OPENAI_API_KEY: token,
    }),
    actions: CHAT,
  },
  {
    name: 'qwen-code',
    title: 'Qwen Code',
    program: 'qwen',
    environment: (target) => ({ ...openai(target), OPENAI_MODEL: target.model }),
    actions: CHAT,
  },
  {
    name: 'aider',
    title: 'Aider',
    program: 'aider',
    environment: ({ url, model, token }) => ({
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: token,
      AIDER_MODEL: `openai/${model}`,
    }),
    actions: CHAT,
  },
  {
    name: 'open-webui',
    title: 'Open WebUI',
    program: 'open-webui',
    environment: ({ url, token }) => ({
      OPENAI_API_BASE_URL: `${url}/v1`,
      OPENAI_API_KEY: token,
      ENABLE_OLLAMA_API: 'false',
    }),
    actions: CHAT_AND_EMBED,
  },
  { name: 'openai', title: "OpenAI's SDKs", environment: openai, actions: CHAT_AND_EMBED },
  {
    name: 'anthropic',
    title: "Anthropic's SDKs",
    environment: ({ url, token }) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token }),
    actions: CHAT,
  },
  {
    name: 'lmstudio',
    title: "LM Studio's SDKs",
    // The SDK for Python reads another name than its documentation has.
    environment: ({ token }) => ({ LM_API_TOKEN: token, LMSTUDIO_API_TOKEN: token }),
    actions: CHAT_AND_EMBED,
  },
  ...EDITORS,
];
