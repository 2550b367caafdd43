import type { AssistantPart, ImagePart, InputPart } from '@latchkey/engine';
import { ServerError } from '../../contracts/server-error.ts';
import type { IgnoredKeys } from '../../wire/ignored-keys.ts';
import { imageDataUrlSchema } from '../../wire/image-data-url.ts';
import { type Part, partSchema } from './schema.ts';

/** The place of an item in the body, and what all items share. */
export interface Place {
  /** E.g. `input[2]`. */
  readonly param: string;
  /** It comes after the last answer, so the caller can correct errors in it. */
  readonly isNew: boolean;
  readonly ignored: IgnoredKeys;
}

/** The most parts of one message. */
const MOST_PARTS = 1024;
const TEXTS = ['input_text', 'output_text', 'text', 'summary_text'];

/** The parts of a user's message. Throws ServerError with the path. */
export const readInput = (content: unknown, place: Place): readonly InputPart[] =>
  partsOf(content, `${place.param}.content`, place).flatMap(({ part, at }) => toInput(part, at, place));

/** The text of a message of the system or the developer. */
export const readText = (content: unknown, place: Place): string =>
  readInput(content, place)
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('\n');

/** The text of a message of the assistant. */
export function readAssistantText(content: unknown, place: Place): AssistantPart[] {
  return partsOf(content, `${place.param}.content`, { ...place, isNew: false }).flatMap(({ part }): AssistantPart[] => {
    const text = part.type === 'refusal' ? part.refusal : TEXTS.includes(part.type) ? part.text : undefined;
    if (typeof text === 'string') return text === '' ? [] : [{ type: 'text', text }];
    place.ignored.add(`input[].content[].${part.type}`);
    return [];
  });
}

/** The output of a call, which is a text or parts. */
export function readOutput(output: unknown, place: Place): readonly InputPart[] {
  if (output === null || output === undefined) return [{ type: 'text', text: '' }];
  if (typeof output !== 'string' && !Array.isArray(output)) return [{ type: 'text', text: JSON.stringify(output) }];
  // A tool has run, so an output that cannot be shown must not end the conversation.
  const tolerant = { ...place, isNew: false };
  return partsOf(output, `${place.param}.output`, tolerant).flatMap(({ part, at }) => toInput(part, at, tolerant));
}

function toInput(part: Part, at: string, { isNew, ignored }: Place): InputPart[] {
  if (TEXTS.includes(part.type)) {
    if (typeof part.text === 'string') return [{ type: 'text', text: part.text }];
    throw invalid(`${at}.text`, 'expected a string');
  }
  const isImage = part.type === 'input_image' || part.type === 'image_url';
  const image = isImage ? imageOf(part.image_url) : undefined;
  if (image !== undefined) return [image];
  if (isNew && isImage) {
    throw invalid(`${at}.image_url`, 'expected a base64 data URL of an image (data:image/png;base64,…)');
  }
  if (isNew) throw invalid(`${at}.type`, 'expected text, or an image of the user');
  ignored.add(`input[].content[].${part.type}`);
  return [];
}

function imageOf(value: unknown): ImagePart | undefined {
  const url = typeof value === 'object' && value !== null && 'url' in value ? value.url : value;
  const read = imageDataUrlSchema.safeParse(url);
  return read.success ? { type: 'image', ...read.data } : undefined;
}

function partsOf(
  content: unknown,
  param: string,
  { isNew }: Place,
): readonly { readonly part: Part; readonly at: string }[] {
  if (typeof content === 'string') return [{ part: { type: 'text', text: content }, at: param }];
  if (!Array.isArray(content)) {
    if (!isNew) return [];
    if (content === undefined) throw new ServerError('MISSING_PARAMETER', `'${param}' is required.`, { param });
    throw invalid(param, 'expected a string or a list of parts');
  }
  if (content.length > MOST_PARTS) throw invalid(param, `expected at most ${MOST_PARTS} parts`);
  return content.map((one: unknown, index) => {
    const at = `${param}[${index}]`;
    const part = typeof one === 'string' ? { type: 'text', text: one } : one;
    const parsed = partSchema.safeParse(part);
    if (parsed.success) return { part: parsed.data, at };
    throw invalid(at, 'expected an object with a type');
  });
}

const invalid = (param: string, problem: string): ServerError =>
  new ServerError('INVALID_REQUEST', `'${param}' is not valid: ${problem}.`, { param });
