import { describe, expect, it } from 'vitest';
import { EDITORS } from '../../../src/command/agents/editors.ts';

const target = { url: 'http://127.0.0.1:1234', model: 'ibm/granite', context: 8192, token: 'sk-lm-a' };
const settingsOf = (name: string) => {
  const settings = EDITORS.find((editor) => editor.name === name)?.settings?.(target);
  if (settings === undefined) throw new Error(`no settings of ${name}`);
  return settings;
};

describe('the settings of an editor', () => {
  it.each(['cline', 'continue', 'zed', 'vscode'])('name the server, the model and the token (%s)', (name) => {
    const { text, key = '' } = settingsOf(name);
    expect(text).toContain('http://127.0.0.1:1234/v1');
    expect(text).toContain('ibm/granite');
    expect(`${text} ${key}`).toContain('sk-lm-a');
  });

  it('are a provider with its context in Zed, and the key is in no file', () => {
    const { text } = settingsOf('zed');
    expect(JSON.parse(text)).toEqual({
      language_models: {
        openai_compatible: {
          latchkey: {
            api_url: 'http://127.0.0.1:1234/v1',
            available_models: [{ name: 'ibm/granite', display_name: 'ibm/granite', max_tokens: 8192 }],
          },
        },
      },
    });
    expect(EDITORS.find(({ name }) => name === 'zed')?.environment(target)).toEqual({ LATCHKEY_API_KEY: 'sk-lm-a' });
  });

  it('are a custom endpoint in VS Code, and the key is in no file', () => {
    const [provider] = JSON.parse(settingsOf('vscode').text);
    expect(provider).toMatchObject({
      vendor: 'customendpoint',
      apiType: 'chat-completions',
      models: [{ id: 'ibm/granite', url: 'http://127.0.0.1:1234/v1/chat/completions', maxInputTokens: 4096 }],
    });
    expect(JSON.stringify(provider)).not.toContain('sk-lm-a');
  });

  it('are a model with its key in Continue', () => {
    expect(JSON.parse(settingsOf('continue').text)).toMatchObject({
      schema: 'v1',
      models: [{ provider: 'openai', model: 'ibm/granite', apiBase: 'http://127.0.0.1:1234/v1', apiKey: 'sk-lm-a' }],
    });
  });
});
