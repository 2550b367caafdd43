import type { DecisionOption, DecisionQuestion } from '@latchkey/engine';
import type { ParsedDecisions } from '../../contracts/decisions.ts';
import { type ChatField, ServerError } from '../../contracts/server-error.ts';
import { asText } from '../../wire/decision-answers.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { renderSystemOne } from './render.ts';
import { type SystemOneBody, type SystemOneQuestion, systemOneSchema } from './schema.ts';

const KNOWN = keys(...Object.keys(systemOneSchema.shape));
const PARAMS: Partial<Record<ChatField, string>> = { model: 'model', state: 'state', questions: 'questions' };

/** Parses a body of System One. Throws ServerError with the parameter at fault. */
export function parseSystemOne(input: unknown): ParsedDecisions {
  const body = validateBody(systemOneSchema, input);
  refuseUnsupported(body);
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN);
  const { keep_alive: keepAliveMilliseconds } = body;
  const asked = Object.entries(body.questions);
  return {
    request: {
      model: body.model,
      state: asText(body.state),
      questions: asked.map(([name, question]) => toQuestion(name, question)),
      ...(keepAliveMilliseconds == null ? {} : { keepAliveMilliseconds }),
    },
    ignored: ignored.list(),
    paramOf: (field) => PARAMS[field],
    render: (result) => renderSystemOne(body.model, asked, result),
  };
}

function refuseUnsupported({ images, stream }: SystemOneBody): void {
  if (images != null && images.length > 0) {
    throw new ServerError('UNSUPPORTED_INPUT', 'Decisions read text only. Leave the images out.', { param: 'images' });
  }
  if (stream === true) {
    throw new ServerError('INVALID_REQUEST', 'Decisions are not streamed. Leave stream out.', { param: 'stream' });
  }
}

/** The name of a question is its caller's own, and is not shown to the model. */
function toQuestion(name: string, question: SystemOneQuestion): DecisionQuestion {
  const instructions = question.instructions == null ? {} : { instructions: asText(question.instructions) };
  switch (question.type) {
    case 'noul': {
      const { true: yes, false: no } = question.criteria ?? {};
      if (question.instructions == null && yes == null && no == null) {
        const param = `questions.${name}.instructions`;
        throw new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
      }
      return { type: 'predicate', ...instructions, options: [option('yes', yes), option('no', no)] };
    }
    case 'choice':
      return {
        type: 'choice',
        ...instructions,
        options: Object.entries(question.criteria).map(([text, description]) => option(text, description)),
      };
    case 'score':
      return {
        type: 'score',
        ...instructions,
        options: question.criteria.map((description, level) => option(`${level}`, description)),
      };
  }
}

const option = (text: string, description: unknown): DecisionOption => ({
  text,
  ...(description == null ? {} : { description: asText(description) }),
});
