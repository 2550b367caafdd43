import type { Sampling, ToolChoice, ToolDefinition } from '@latchkey/engine';
import { z } from 'zod';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import { dictionary, list } from '../../input/bounded.ts';
import { stopSchema } from '../../wire/stop-field.ts';
import { toolName } from '../../wire/tool-name-field.ts';
import { validateBody } from '../../wire/validate-body.ts';
import type { Stack } from './schema.ts';

const PREFIX = 'llm.prediction.';

/** A setting that can be switched off; then its value says nothing. */
const switched = (value: z.ZodType<number>): z.ZodType<number | 'off'> =>
  z.union([
    z.looseObject({ checked: z.literal(false) }).transform(() => 'off' as const),
    z.looseObject({ checked: z.literal(true), value }).transform((one): number => one.value),
  ]);
const schema = dictionary(z.unknown(), 10_000);
const penalty = switched(z.number().min(-2).max(2)).optional();

const toolsSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('none') }),
  z.looseObject({
    type: z.literal('toolArray'),
    tools: list(
      z.looseObject({
        function: z.looseObject({
          name: toolName,
          description: z.string().nullish(),
          parameters: schema.nullish(),
        }),
      }),
      128,
    ).nullish(),
  }),
]);

/** The settings of a prediction that have an effect, without their prefix. */
const predictionSchema = z.looseObject({
  temperature: z.number().min(0).max(100).optional(),
  topKSampling: z.int().min(-1).max(1_000_000).optional(),
  topPSampling: switched(z.number().min(0).max(1)).optional(),
  minPSampling: switched(z.number().min(0).max(1)).optional(),
  repeatPenalty: switched(z.number().min(0.01).max(10)).optional(),
  'llama.presencePenalty': penalty,
  'llama.frequencyPenalty': penalty,
  seed: switched(z.int()).optional(),
  maxPredictedTokens: switched(z.int()).optional(),
  stopStrings: stopSchema,
  structured: z
    .looseObject({
      type: z.enum(['none', 'json'], 'a grammar of its own is not supported; use a JSON Schema'),
      jsonSchema: schema.nullish(),
    })
    .optional(),
  tools: toolsSchema.optional(),
  toolChoice: z.looseObject({ mode: z.enum(['none', 'auto', 'required']) }).optional(),
  'reasoning.enableThinking': z.boolean().optional(),
  logProbs: z.looseObject({ checked: z.literal(false, 'log probabilities are not supported') }).optional(),
});

type Settings = z.output<typeof predictionSchema>;

/** What the settings of a prediction say of its request. Throws ServerError with the key at fault. */
export function readPrediction(
  stack: Stack,
): Omit<ChatRequest, 'model' | 'messages' | 'prompt'> & { readonly hasTemplate: boolean } {
  const fields = fieldsOf(stack, PREFIX);
  const settings = validateBody(predictionSchema, fields);
  const { maxPredictedTokens: tokens, structured } = settings;
  const thinks = settings['reasoning.enableThinking'];
  const clientTools = toTools(settings.tools);
  return {
    integrations: [],
    clientTools,
    toolChoice: toChoice(settings, clientTools),
    sampling: toSampling(settings),
    stop: settings.stopStrings ?? [],
    store: false,
    hasTemplate: fields.promptTemplate !== undefined,
    ...(typeof tokens !== 'number' || tokens < 1 ? {} : { maxOutputTokens: tokens }),
    ...(thinks === undefined ? {} : { reasoning: thinks ? 'on' : 'off', reasoningIsWish: true }),
    ...(structured?.type === 'json'
      ? { responseSchema: structured.jsonSchema ?? { type: 'object' }, responseSchemaIsStrict: true }
      : {}),
  };
}

const contextSchema = z.looseObject({ contextLength: z.int().min(1).max(1_000_000_000).optional() });

/** The context that a program asks for when it loads a model. */
export function readContextLength(stack: Stack | null | undefined): { readonly contextLength?: number } {
  if (stack == null) return {};
  const [llm, embedding] = ['llm.load.', 'embedding.load.'].map((prefix) =>
    validateBody(contextSchema, fieldsOf(stack, prefix)),
  );
  const contextLength = llm?.contextLength ?? embedding?.contextLength;
  return contextLength === undefined ? {} : { contextLength };
}

/** The settings with a prefix, without it; a later layer overrides an earlier one. */
function fieldsOf({ layers }: Stack, prefix: string): Record<string, unknown> {
  const fields = new Map(layers.flatMap(({ config }) => config.fields.map(({ key, value }) => [key, value] as const)));
  const named = [...fields].filter(([key, value]) => key.startsWith(prefix) && value !== null);
  return Object.fromEntries(named.map(([key, value]) => [key.slice(prefix.length), value]));
}

const toTools = (tools: Settings['tools']): readonly ToolDefinition[] =>
  (tools !== undefined && 'tools' in tools ? toolsIn(tools) : []).map(
    ({ function: { name, description, parameters } }) => ({
      name,
      parameters: parameters ?? { type: 'object', properties: {} },
      ...(description == null ? {} : { description }),
    }),
  );

const toolsIn = (tools: NonNullable<Settings['tools']>) => (tools.type === 'toolArray' ? (tools.tools ?? []) : []);

function toChoice({ toolChoice }: Settings, tools: readonly ToolDefinition[]): ToolChoice {
  if (toolChoice?.mode === 'required' && tools.length === 0) return 'auto';
  return toolChoice?.mode ?? 'auto';
}

/** A setting that is switched off has the value that switches it off. */
function toSampling(settings: Settings): Sampling {
  const { topKSampling: topK, topPSampling: topP, minPSampling: minP, repeatPenalty, seed } = settings;
  const { 'llama.presencePenalty': presence, 'llama.frequencyPenalty': frequency, temperature } = settings;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topK === undefined ? {} : { topK: Math.max(0, topK) }),
    ...(topP === undefined ? {} : { topP: topP === 'off' ? 1 : topP }),
    ...(minP === undefined ? {} : { minP: minP === 'off' ? 0 : minP }),
    ...(repeatPenalty === undefined ? {} : { repeatPenalty: repeatPenalty === 'off' ? 1 : repeatPenalty }),
    ...(typeof presence === 'number' ? { presencePenalty: presence } : {}),
    ...(typeof frequency === 'number' ? { frequencyPenalty: frequency } : {}),
    ...(typeof seed === 'number' && seed >= 0 ? { seed } : {}),
  };
}
