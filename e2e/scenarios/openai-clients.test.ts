import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { Agent, tool as agentTool, hostedMcpTool, OpenAIProvider, Runner } from '@openai/agents';
import { generateText, isStepCount, type LanguageModel, Output, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import { everything } from '../support/mcp-servers.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

// The SDK warns about models that it does not know.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

let server: TestServer;
let apiKey: string;
beforeAll(async () => {
  server = await startServer({ mcpServers: { everything: everything() } });
  const grant = withTools({ 'mcp/everything': { 'get-sum': {} } });
  ({ token: apiKey } = await createToken(server, 'clients', grant));
});
afterAll(() => server[Symbol.asyncDispose]());

const baseURL = (): string => `${server.url}/v1`;
const QUESTION = 'What is the weather in Oslo?';
const weather = {
  description: 'Get the weather of a city.',
  parameters: z.object({ city: z.string() }),
  answer: ({ city }: { readonly city: string }) => `The weather in ${city} is sunny.`,
};

/** The APIs that the AI SDK can use, each with its provider. */
const PROVIDERS: readonly { readonly name: string; readonly model: () => LanguageModel }[] = [
  { name: '@ai-sdk/openai', model: () => createOpenAI({ baseURL: baseURL(), apiKey })(NANO) },
  {
    name: '@ai-sdk/openai-compatible',
    model: () =>
      createOpenAICompatible({
        name: 'latchkey',
        baseURL: baseURL(),
        apiKey,
        includeUsage: true,
        supportsStructuredOutputs: true,
      })(NANO),
  },
  { name: '@ai-sdk/anthropic', model: () => createAnthropic({ baseURL: baseURL(), apiKey })(NANO) },
];

describe.each(PROVIDERS)('the AI SDK with $name', ({ name, model }) => {
  verifies(
    'ai-sdk.text',
    async () => {
      const whole = await generateText({ model: model(), prompt: 'Hello' });
      expect(whole.text).toMatch(/\w/);
      const streamed = streamText({ model: model(), prompt: 'Hello' });
      let text = '';
      for await (const piece of streamed.textStream) text += piece;
      expect(text).toBe(whole.text);
      expect((await streamed.usage).outputTokens).toBe(whole.usage.outputTokens);
    },
    name,
  );

  verifies(
    'ai-sdk.tools',
    async () => {
      const tools = {
        get_weather: tool({
          description: weather.description,
          inputSchema: weather.parameters,
          execute: async (input) => weather.answer(input),
        }),
      };
      const request = { model: model(), prompt: QUESTION, tools, stopWhen: isStepCount(3) };
      const { text, steps } = await generateText(request);
      expect(steps[0]?.toolCalls).toMatchObject([{ toolName: 'get_weather', input: { city: 'Oslo' } }]);
      expect(text).toContain('sunny');
      expect(await streamText(request).text).toBe(text);
    },
    name,
  );

  verifies(
    'ai-sdk.object',
    async () => {
      const { output: object } = await generateText({
        model: model(),
        output: Output.object({ schema: z.object({ name: z.string(), age: z.int(), city: z.string() }) }),
        prompt: 'Extract name, age, city as JSON: Mei is 31 years old and lives in Oslo.',
      });
      expect(object).toEqual({ name: 'Mei', age: 31, city: 'Oslo' });
    },
    name,
  );
});

const runner = (useResponses: boolean): Runner =>
  new Runner({
    modelProvider: new OpenAIProvider({ apiKey, baseURL: baseURL(), useResponses }),
    tracingDisabled: true,
  });

describe.each([
  { name: 'responses', useResponses: true },
  { name: 'chat completions', useResponses: false },
])('the Agents SDK with $name', ({ name, useResponses }) => {
  verifies(
    'agents.tools',
    async () => {
      const get_weather = agentTool({
        name: 'get_weather',
        ...weather,
        execute: async (input) => weather.answer(input),
      });
      const agent = new Agent({ name: 'weather', model: NANO, tools: [get_weather] });
      const { finalOutput } = await runner(useResponses).run(agent, QUESTION);
      expect(finalOutput).toContain('sunny');
      const streamed = await runner(useResponses).run(agent, QUESTION, { stream: true });
      for await (const _ of streamed);
      expect(streamed.finalOutput).toBe(finalOutput);
    },
    name,
  );
});

describe('the Agents SDK', () => {
  verifies('agents.approval', async () => {
    const asked: string[] = [];
    const sums = hostedMcpTool({
      serverLabel: 'sums',
      connectorId: 'mcp/everything',
      requireApproval: 'always',
      onApproval: async (_, { rawItem }) => {
        asked.push('name' in rawItem ? String(rawItem.name) : rawItem.type);
        return { approve: true };
      },
    });
    const agent = new Agent({ name: 'sums', model: NANO, tools: [sums] });
    const { finalOutput } = await runner(true).run(agent, 'What is 12 plus 30?');
    expect(asked).toEqual(['get-sum']);
    expect(finalOutput).toContain('42');
  });

  verifies('agents.hosted-mcp', async () => {
    const sums = hostedMcpTool({ serverLabel: 'sums', connectorId: 'mcp/everything', requireApproval: 'never' });
    const agent = new Agent({ name: 'sums', model: NANO, tools: [sums] });
    const { finalOutput } = await runner(true).run(agent, 'What is 12 plus 30?');
    expect(finalOutput).toContain('42');
  });
});

describe.each([
  { name: 'responses', useResponsesApi: true },
  { name: 'chat completions', useResponsesApi: false },
])('LangChain with $name', ({ name, useResponsesApi }) => {
  verifies(
    'langchain.tools',
    async () => {
      const model = new ChatOpenAI({ model: NANO, apiKey, useResponsesApi, configuration: { baseURL: baseURL() } });
      const whole = await model.invoke('Hello');
      let text = '';
      for await (const piece of await model.stream('Hello')) text += piece.text;
      expect(text).toBe(whole.text);
      const getWeather = langchainTool(async (input: { city: string }) => weather.answer(input), {
        ...{ name: 'get_weather', description: weather.description, schema: weather.parameters },
      });
      const withTools = model.bindTools([getWeather]);
      const question = new HumanMessage(QUESTION);
      const called = await withTools.invoke([question]);
      expect(called.tool_calls).toMatchObject([{ name: 'get_weather', args: { city: 'Oslo' } }]);
      const [call] = called.tool_calls ?? [];
      if (call === undefined) throw new Error('The model did not call.');
      const result = await getWeather.invoke({ ...call, type: 'tool_call' });
      expect((await withTools.invoke([question, called, result])).text).toContain('sunny');
    },
    name,
  );
});
