import type { DecisionOption, DecisionQuestion } from '@latchkey/engine';
import type { DecisionsDialect, DecisionsResult, ParsedDecisions } from '../../contracts/decisions.ts';
import { type ChatField, ServerError } from '../../contracts/server-error.ts';
import { choiceConfidence, expectedLevel, indexOfMost, scoreConfidence } from '../../wire/decision-answers.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { validateBody } from '../../wire/validate-body.ts';
import {
  type DecisionsBody,
  type DecisionsContent,
  type DecisionsItem,
  type DecisionsQuestion,
  decisionsSchema,
} from './decisions-schema.ts';
import { openaiErrors } from './errors.ts';

const KNOWN = keys(...Object.keys(decisionsSchema.shape));
const PARAMS: Partial<Record<ChatField, string>> = { model: 'model', state: 'input', questions: 'questions' };

/** `POST /v1/decisions`; https://platform.openai.com/docs/api-reference/decisions/create. */
export const openaiDecisions: DecisionsDialect = { ...openaiErrors, parse };

function parse(input: unknown): ParsedDecisions {
  const body = validateBody(decisionsSchema, input);
  if (body.stream === true) {
    throw new ServerError('INVALID_REQUEST', 'Decisions are not streamed. Leave stream out.', { param: 'stream' });
  }
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN);
  return {
    request: {
      model: body.model,
      state: stateOf(body.input),
      questions: body.questions.map((question, index) => toQuestion(question, `questions[${index}]`)),
    },
    ignored: ignored.list(),
    paramOf: (field) => PARAMS[field],
    render: (result) => renderDecisions(body, result),
  };
}

/** A conversation as text: each item after a line that says whose it is. */
function stateOf(input: DecisionsBody['input']): string {
  if (typeof input === 'string') return input;
  return input.map((item, index) => itemText(item, `input[${index}]`)).join('\n\n');
}

function itemText(item: DecisionsItem, place: string): string {
  switch (item.type) {
    case undefined:
    case 'message':
      return `[${item.role}]\n${contentText(item.content, `${place}.content`)}`;
    case 'function_call':
      return `[call ${item.call_id} of ${item.name}]\n${item.arguments}`;
    case 'custom_tool_call':
      return `[call ${item.call_id} of ${item.name}]\n${item.input}`;
    case 'function_call_output':
    case 'custom_tool_call_output':
      return `[result of call ${item.call_id}]\n${contentText(item.output, `${place}.output`)}`;
  }
}

function contentText(content: DecisionsContent, place: string): string {
  if (typeof content === 'string') return content;
  return content
    .map((part, index) => {
      switch (part.type) {
        case 'input_json':
          return JSON.stringify(part['data'] ?? null);
        case 'refusal':
          return part.refusal;
        case 'input_image':
          throw new ServerError('UNSUPPORTED_INPUT', 'Decisions read text only. Leave the images out.', {
            param: `${place}[${index}]`,
          });
        default:
          return part.text;
      }
    })
    .join('\n');
}

function toQuestion(question: DecisionsQuestion, place: string): DecisionQuestion {
  const instructions = contentText(question.instructions, `${place}.instructions`);
  switch (question.type) {
    case 'predicate':
      return { type: 'predicate', instructions, options: [{ text: 'yes' }, { text: 'no' }] };
    case 'choice': {
      // A text beside a truth value is in quotes, so that the text "true" differs from the value.
      const quotes = question.choices.some(({ value }) => typeof value === 'boolean');
      const textOf = (value: string | boolean): string => (quotes ? JSON.stringify(value) : String(value));
      return {
        type: 'choice',
        instructions,
        options: question.choices.map(({ value, description }) => option(textOf(value), description)),
      };
    }
    case 'score':
      return {
        type: 'score',
        instructions,
        options: question.levels.map(({ label, description }) => option(label, description)),
      };
  }
}

const option = (text: string, description: string | null | undefined): DecisionOption =>
  description == null || description === '' ? { text } : { text, description };

function renderDecisions(
  { model, questions }: DecisionsBody,
  { probabilities, promptTokens, cachedTokens }: DecisionsResult,
): object {
  return {
    model,
    answers: questions.map((question, index) => toAnswer(question, probabilities[index] ?? [])),
    usage: {
      input_tokens: promptTokens,
      input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
      output_tokens: 0,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: promptTokens,
    },
  };
}

function toAnswer(question: DecisionsQuestion, shares: readonly number[]): object {
  const answer = { type: question.type, name: question.name ?? null };
  switch (question.type) {
    case 'predicate':
      return { ...answer, probability: shares[0] };
    case 'choice':
      return {
        ...answer,
        choice: question.choices[indexOfMost(shares)]?.value,
        confidence: choiceConfidence(shares),
        probabilities: question.choices.map(({ value }, index) => ({ value, probability: shares[index] })),
      };
    case 'score':
      return {
        ...answer,
        score: expectedLevel(shares),
        confidence: scoreConfidence(shares),
        probabilities: question.levels.map(({ label }, value) => ({ value, label, probability: shares[value] })),
      };
  }
}
