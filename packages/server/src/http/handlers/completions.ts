import type { ParsedChoices } from '../../contracts/choices.ts';
import type { Handler } from '../step.ts';
import { answerChoices, type ChoicesOptions } from './answer-choices.ts';

/** Continues one prompt after the other; each is a chat of its own, decided and paid for like any other. */
export const createCompletionsHandler =
  (options: ChoicesOptions, parse: (body: unknown) => ParsedChoices): Handler =>
  (context) =>
    answerChoices(options, context, parse(context.body));
