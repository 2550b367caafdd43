import { z } from 'zod';
import { list } from '../../input/bounded.ts';

const name = z.string().max(1024);

/** Settings as a stack of layers: a later layer overrides an earlier one. */
export const stackSchema = z.looseObject({
  layers: list(
    z.looseObject({
      layerName: z.string().max(64),
      config: z.looseObject({ fields: list(z.looseObject({ key: name, value: z.unknown().optional() }), 256) }),
    }),
    32,
  ),
});

/** Which model is meant: the handle of a program, or what it must be like. */
export const specifierSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('instanceReference'), instanceReference: name }),
  z.looseObject({
    type: z.literal('query'),
    query: z.looseObject({ identifier: name.nullish(), path: name.nullish(), vision: z.boolean().nullish() }),
  }),
]);

const partSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text: z.string() }),
  z.looseObject({ type: z.literal('file'), identifier: z.string() }),
  z.looseObject({
    type: z.literal('toolCallRequest'),
    toolCallRequest: z.looseObject({ id: name.nullish(), name, arguments: z.unknown().optional() }),
  }),
  z.looseObject({
    type: z.literal('toolCallResult'),
    content: z.string(),
    toolCallId: name.nullish(),
    name: name.nullish(),
  }),
]);
const messageSchema = z.looseObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: list(partSchema, 1024),
});

/** The parameter of the channel `predict`. */
export const predictSchema = z.looseObject({
  modelSpecifier: specifierSchema,
  history: z.looseObject({ messages: list(messageSchema, 4096, 1) }),
  predictionConfigStack: stackSchema,
});

/** The parameter of the call `applyPromptTemplate`. */
export const templateSchema = z.looseObject({
  specifier: specifierSchema,
  history: predictSchema.shape.history,
  predictionConfigStack: stackSchema,
  opts: z
    .looseObject({
      omitBosToken: z.boolean().nullish(),
      omitEosToken: z.boolean().nullish(),
      toolDefinitions: list(z.unknown(), 1024).nullish(),
    })
    .nullish(),
});

/** The parameter of the channel `completeRawText`. */
export const completeSchema = z.looseObject({
  modelSpecifier: specifierSchema,
  rawPrompt: z.string(),
  predictionConfigStack: stackSchema,
});

const milliseconds = z.int().min(1).max(1e12).nullish();

/** The parameter of the channel `getOrLoad`. */
export const getOrLoadSchema = z.looseObject({
  identifier: name.min(1),
  loadTtlMs: milliseconds,
  loadConfigStack: stackSchema.nullish(),
});

/** The parameter of the channel `loadModel`. */
export const loadModelSchema = z.looseObject({
  modelKey: name.min(1),
  identifier: name.nullish(),
  ttlMs: milliseconds,
  loadConfigStack: stackSchema.nullish(),
});

export type Stack = z.output<typeof stackSchema>;
export type Specifier = z.output<typeof specifierSchema>;
export type PredictBody = z.output<typeof predictSchema>;
export type SdkMessage = PredictBody['history']['messages'][number];
