import { z } from 'zod';
import { dictionary, list } from '../../input/bounded.ts';
import { keepAliveSchema } from '../../wire/keep-alive.ts';

const MOST_QUESTIONS = 400;
const MOST_OPTIONS = 255;
const MOST_IMAGES = 1000;
/** More than a body of 64 KiB can have. */
const MOST_VALUES = 65_536;

/** A text, or JSON that the model reads as such. */
const structured = z.union([
  z.string(),
  dictionary(z.unknown(), MOST_VALUES, z.string()),
  list(z.unknown(), MOST_VALUES),
]);
const description = structured.nullish();

const shared = { instructions: description };

const noul = z.looseObject({
  type: z.literal('noul'),
  ...shared,
  criteria: z.looseObject({ true: description, false: description }).nullish(),
});
const choice = z.looseObject({
  type: z.literal('choice'),
  ...shared,
  criteria: dictionary(description, MOST_OPTIONS, z.string().min(1, 'must not be empty').max(1024)).refine(
    (options) => Object.keys(options).length > 0,
    'expected at least 1 option',
  ),
});
const score = z.looseObject({
  type: z.literal('score'),
  ...shared,
  criteria: list(description, MOST_OPTIONS, 2),
});

/** The body of `POST /v1/systemone`. */
export const systemOneSchema = z.looseObject({
  model: z.string().min(1).max(256),
  state: structured,
  questions: dictionary(
    z.discriminatedUnion('type', [noul, choice, score], "expected a type of 'noul', 'choice' or 'score'"),
    MOST_QUESTIONS,
    z.string().min(1, 'must not be empty').max(1024),
  ).refine((questions) => Object.keys(questions).length > 0, 'expected at least 1 question'),
  images: list(z.unknown(), MOST_IMAGES).nullish(),
  stream: z.boolean().nullish(),
  keep_alive: keepAliveSchema,
});

export type SystemOneBody = z.output<typeof systemOneSchema>;
export type SystemOneQuestion = SystemOneBody['questions'][string];
