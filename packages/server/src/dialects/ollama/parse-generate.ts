import type { ChatMessage } from '@latchkey/engine';
import type { ParsedChat } from '../../contracts/chat-dialect.ts';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { toInput } from './read-messages.ts';
import { paramsWith, readSettings } from './read-settings.ts';
import { createAnswer } from './render.ts';
import { type GenerateBody, generateSchema } from './schema.ts';

const KNOWN = keys(...Object.keys(generateSchema.shape));

/** A body of `/api/generate` → the neutral request. Throws ServerError with the parameter's name. */
export function parseGenerate(input: unknown): ParsedChat {
  const body = validateBody(generateSchema, input);
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN);
  const paramOf = paramsWith('prompt');
  return {
    stream: body.stream ?? true,
    request: {
      ...readSettings(body, ignored),
      ...toPrompt(body),
      clientTools: [],
      toolChoice: 'auto',
    },
    answer: (identity) => createAnswer(identity, { kind: 'generate', model: body.model, paramOf }),
    ignored: ignored.list(),
    paramOf,
  };
}

/** A raw prompt, and one with a suffix, are continued as they are; any other is a message of the user. */
function toPrompt(body: GenerateBody): Pick<ChatRequest, 'messages' | 'prompt'> {
  const text = body.prompt ?? '';
  const suffix = body.suffix ?? '';
  if (body.raw || suffix !== '') {
    refuseBesideRaw(body);
    return { messages: [], prompt: { text, ...(suffix === '' ? {} : { suffix }) } };
  }
  const system: ChatMessage[] = body.system ? [{ role: 'system', content: body.system }] : [];
  return { messages: [...system, { role: 'user', content: toInput(text, body.images, '') }] };
}

/** Parts of a conversation have no place in a prompt that is continued as it is. */
function refuseBesideRaw({ system, images, raw }: GenerateBody): void {
  const param = system ? 'system' : (images ?? []).length > 0 ? 'images' : undefined;
  if (param === undefined) return;
  const why = raw ? 'raw' : 'suffix';
  throw new ServerError('INVALID_REQUEST', `'${param}' cannot be used together with '${why}'.`, { param });
}
