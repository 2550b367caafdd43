import { z } from 'zod';
import { list } from '../../input/bounded.ts';

const MOST_QUESTIONS = 400;
const MOST_OPTIONS = 255;
const MOST_PARTS = 1000;
const MOST_ITEMS = 10_000;

const part = z.discriminatedUnion('type', [
  z.looseObject({ type: z.enum(['input_text', 'output_text']), text: z.string() }),
  z.looseObject({ type: z.literal('refusal'), refusal: z.string() }),
  z.looseObject({ type: z.literal('input_json') }),
  z.looseObject({ type: z.literal('input_image') }),
]);
const content = z.union([z.string(), list(part, MOST_PARTS, 1)]);

const item = z.union([
  z.looseObject({
    type: z.literal('message').optional(),
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content,
  }),
  z.looseObject({ type: z.literal('function_call'), call_id: z.string(), name: z.string(), arguments: z.string() }),
  z.looseObject({ type: z.literal('custom_tool_call'), call_id: z.string(), name: z.string(), input: z.string() }),
  z.looseObject({
    type: z.enum(['function_call_output', 'custom_tool_call_output']),
    call_id: z.string(),
    output: content,
  }),
]);

const named = { name: z.string().max(1024).nullish(), instructions: content };
const description = z.string().nullish();
const choiceValue = z.union([z.string().min(1, 'must not be empty').max(1024), z.boolean()]);
const label = z.string().min(1, 'must not be empty').max(1024);

const question = z.discriminatedUnion(
  'type',
  [
    z.looseObject({ type: z.literal('predicate'), ...named }),
    z.looseObject({
      type: z.literal('choice'),
      ...named,
      choices: list(z.looseObject({ value: choiceValue, description }), MOST_OPTIONS, 2).refine(
        (choices) => new Set(choices.map(({ value }) => value)).size === choices.length,
        'expected choices that differ',
      ),
    }),
    z.looseObject({
      type: z.literal('score'),
      ...named,
      levels: list(z.looseObject({ label, description }), MOST_OPTIONS, 2).refine(
        (levels) => new Set(levels.map((level) => level.label)).size === levels.length,
        'expected levels with labels that differ',
      ),
    }),
  ],
  "expected a type of 'predicate', 'choice' or 'score'",
);

/** The body of `POST /v1/decisions`. */
export const decisionsSchema = z.looseObject({
  model: z.string().min(1).max(256),
  input: z.union([z.string().min(1, 'must not be empty'), list(item, MOST_ITEMS, 1)]),
  questions: list(question, MOST_QUESTIONS, 1),
  stream: z.boolean().nullish(),
});

export type DecisionsBody = z.output<typeof decisionsSchema>;
export type DecisionsQuestion = DecisionsBody['questions'][number];
export type DecisionsItem = Exclude<DecisionsBody['input'], string>[number];
export type DecisionsContent = z.output<typeof content>;
