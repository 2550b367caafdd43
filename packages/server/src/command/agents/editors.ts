import type { Agent } from './agent.ts';

/** Zed derives the name of the variable with the key from the name of the provider. */
const ZED_PROVIDER = 'latchkey';

/** Editors, which have settings of their own: what is to be entered into these, each as its documentation names it. */
export const EDITORS: readonly Agent[] = [
  {
    name: 'cline',
    title: 'Cline',
    environment: () => ({}),
    settings: ({ url, model, context, token }) => ({
      place: 'the settings of Cline, under API Configuration',
      text: lines({
        'API Provider': 'OpenAI Compatible',
        'Base URL': `${url}/v1`,
        'API Key': token,
        'Model ID': model,
        'Context Window Size': String(context),
      }),
    }),
    actions: ['chat', 'models:read'],
  },
  {
    name: 'continue',
    title: 'Continue',
    environment: () => ({}),
    settings: ({ url, model, context, token }) => ({
      place: '~/.continue/config.yaml',
      // JSON is YAML as well, so every value is quoted as it must be.
      text: indented({
        name: 'Latchkey',
        version: '1.0.0',
        schema: 'v1',
        models: [
          {
            ...{ name: model, provider: 'openai', model, apiBase: `${url}/v1`, apiKey: token },
            ...{ roles: ['chat', 'edit', 'apply'], defaultCompletionOptions: { contextLength: context } },
          },
        ],
      }),
    }),
    actions: ['chat', 'models:read'],
  },
  {
    name: 'zed',
    title: 'Zed',
    environment: ({ token }) => ({ LATCHKEY_API_KEY: token }),
    settings: ({ url, model, context, token }) => ({
      place: '~/.config/zed/settings.json',
      text: indented({
        language_models: {
          openai_compatible: {
            [ZED_PROVIDER]: {
              api_url: `${url}/v1`,
              available_models: [{ name: model, display_name: model, max_tokens: context }],
            },
          },
        },
      }),
      key: `${token}, in Zed under 'agent: open settings', or as LATCHKEY_API_KEY where Zed is started`,
    }),
    actions: ['chat', 'models:read'],
  },
  {
    name: 'vscode',
    title: 'VS Code',
    environment: () => ({}),
    settings: ({ url, model, context, token }) => ({
      place: "chatLanguageModels.json, which 'Chat: Manage Language Models' opens after 'Add', 'Custom Endpoint'",
      text: indented([
        {
          ...{ name: 'Latchkey', vendor: 'customendpoint', apiType: 'chat-completions' },
          models: [
            {
              ...{
                id: model,
                name: model,
                apiType: 'chat-completions',
                url: `${url}/v1/chat/completions`,
                toolCalling: true,
                vision: false,
              },
              ...{ maxInputTokens: Math.floor(context / 2), maxOutputTokens: Math.ceil(context / 2) },
            },
          ],
        },
      ]),
      key: `${token}, in the dialog of 'Custom Endpoint': VS Code keeps it out of the file`,
    }),
    actions: ['chat', 'models:read'],
  },
];

const lines = (fields: Readonly<Record<string, string>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

const indented = (value: unknown): string => JSON.stringify(value, null, 2);
