import type { ParsedChat } from '../../contracts/chat-dialect.ts';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import { type ChatField, ServerError } from '../../contracts/server-error.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { readPrediction } from './read-config.ts';
import { readHistory } from './read-history.ts';
import { createAnswer, type FindInstance } from './render.ts';
import { completeSchema, type PredictBody, predictSchema, type Specifier, templateSchema } from './schema.ts';

/** The layer in which older SDKs say that a prompt is to be continued as it is. */
const COMPLETION_LAYER = 'completeModeFormatting';

const PARAMS: Partial<Record<ChatField, string>> = {
  model: 'modelSpecifier',
  messages: 'history',
  prompt: 'rawPrompt',
  tools: 'llm.prediction.tools',
  toolChoice: 'llm.prediction.toolChoice',
  stop: 'llm.prediction.stopStrings',
  reasoning: 'llm.prediction.reasoning.enableThinking',
  responseSchema: 'llm.prediction.structured',
  maxOutputTokens: 'llm.prediction.maxPredictedTokens',
};
const paramOf = (field: ChatField): string | undefined => PARAMS[field];

/** The parameter of `predict` → the neutral request. Throws ServerError with the path at fault. */
export const parsePredict =
  (find: FindInstance) =>
  (input: unknown): ParsedChat => {
    const body = validateBody(predictSchema, input);
    const { hasTemplate, ...prediction } = readPrediction(body.predictionConfigStack);
    return toParsed({ ...prediction, model: nameOf(body.modelSpecifier), ...toMessages(body, hasTemplate) }, find);
  };

/** The parameter of `completeRawText` → the neutral request. Throws ServerError with the path at fault. */
export const parseComplete =
  (find: FindInstance) =>
  (input: unknown): ParsedChat => {
    const body = validateBody(completeSchema, input);
    const { hasTemplate: _, ...prediction } = readPrediction(body.predictionConfigStack);
    const model = nameOf(body.modelSpecifier);
    return toParsed({ ...prediction, model, messages: [], prompt: { text: body.rawPrompt } }, find);
  };

/** The parameter of `applyPromptTemplate` → the request whose prompt is meant. Throws ServerError with the path at fault. */
export function parseTemplate(input: unknown): ChatRequest {
  const { specifier, history, predictionConfigStack, opts } = validateBody(templateSchema, input);
  const { omitBosToken, omitEosToken, toolDefinitions } = opts ?? {};
  for (const [name, value] of Object.entries({ omitBosToken, omitEosToken })) {
    if (value) throw notOmitted(`opts.${name}`);
  }
  const value = { type: 'toolArray', tools: toolDefinitions };
  const fields = toolDefinitions == null ? [] : [{ key: 'llm.prediction.tools', value }];
  const layers = [...predictionConfigStack.layers, { layerName: 'apiOverride', config: { fields } }];
  const { hasTemplate, ...prediction } = readPrediction({ layers });
  const body = { modelSpecifier: specifier, history, predictionConfigStack };
  return { ...prediction, model: nameOf(specifier, 'specifier'), ...toMessages(body, hasTemplate) };
}

const notOmitted = (param: string): ServerError =>
  new ServerError('INVALID_REQUEST', 'The prompt is as the model reads it: nothing of its template can be left out.', {
    param,
  });

const toParsed = (request: ChatRequest, find: FindInstance): ParsedChat => ({
  request,
  stream: true,
  ignored: [],
  paramOf,
  answer: () => createAnswer({ find, paramOf }),
});

/** The name in a specifier. Throws ServerError `INVALID_REQUEST` for one without a name. */
function nameOf(specifier: Specifier, param = 'modelSpecifier'): string {
  const name = nameIn(specifier);
  if (name !== undefined) return name;
  throw new ServerError('INVALID_REQUEST', 'The model is not named: get it by its key first.', {
    param,
  });
}

/** The name in a specifier, if it has one. */
export const nameIn = (specifier: Specifier): string | undefined =>
  specifier.type === 'instanceReference'
    ? specifier.instanceReference
    : (specifier.query.identifier ?? specifier.query.path ?? undefined);

function toMessages(
  { history, predictionConfigStack: { layers } }: PredictBody,
  hasTemplate: boolean,
): Pick<ChatRequest, 'messages' | 'prompt'> {
  if (layers.some(({ layerName }) => layerName === COMPLETION_LAYER)) {
    const texts = history.messages.flatMap(({ content }) => content.map((part) => ('text' in part ? part.text : '')));
    return { messages: [], prompt: { text: texts.join('') } };
  }
  if (hasTemplate) {
    throw new ServerError('INVALID_REQUEST', 'A prompt template of its own is not supported: the model has one.', {
      param: 'llm.prediction.promptTemplate',
    });
  }
  return { messages: readHistory(history.messages) };
}
