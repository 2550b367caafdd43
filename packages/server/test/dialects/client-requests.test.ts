import { describe, expect, it } from 'vitest';
import { parseChat } from '../../src/dialects/lmstudio/parse.ts';
import { parseChatCompletion } from '../../src/dialects/openai/parse.ts';
import { COMPLETION_REQUESTS, LMSTUDIO_REQUESTS } from './fixtures/client-requests.ts';

describe('what clients really send', () => {
  it.each(COMPLETION_REQUESTS)('to /v1/chat/completions is understood: $client', ({ body, messages, tools }) => {
    const { request } = parseChatCompletion(JSON.parse(body));
    expect(request.messages.map(({ role }) => role)).toEqual(messages);
    expect(request.clientTools.map(({ name }) => name)).toEqual(tools);
  });

  it.each(LMSTUDIO_REQUESTS)('to /api/v1/chat is understood: $client', ({ body, integrations }) => {
    const { request } = parseChat(JSON.parse(body));
    expect(
      request.integrations.map((integration) => ('id' in integration ? integration.id : integration.type)),
    ).toEqual(integrations);
  });
});
