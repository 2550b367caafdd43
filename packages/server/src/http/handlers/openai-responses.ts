import { z } from 'zod';
import { turnsOf } from '../../chat/caller-scope.ts';
import type { ConversationStore, StoredTurn, TurnHead } from '../../contracts/conversation-store.ts';
import { reachStore } from '../../contracts/reach-store.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { outputItemsOf, renderInputItems, renderStored, responseIdOf } from '../../dialects/responses/render-stored.ts';
import { MOST_ITEMS } from '../../dialects/responses/schema.ts';
import { isObject } from '../../input/is-object.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { wholeNumber } from '../../wire/whole-number-field.ts';
import type { BackgroundRun, BackgroundRuns } from '../background-runs.ts';
import { events, json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import { toFrame } from '../sse.ts';
import type { Handler } from '../step.ts';

const itemsSchema = z.looseObject({
  limit: wholeNumber.pipe(z.int().min(1).max(100)).default(20),
  order: z.enum(['asc', 'desc'], 'expected asc or desc').default('desc'),
  after: z.string().min(1).max(256).optional(),
});

const showSchema = z.looseObject({
  stream: z
    .enum(['true', 'false'], 'expected true or false')
    .default('false')
    .transform((text) => text === 'true'),
  starting_after: wholeNumber.optional(),
});

export interface OpenaiResponseHandlers {
  /** `POST /v1/responses`. */
  readonly create: Handler;
  /** `GET /v1/responses/{id}`. */
  readonly show: Handler;
  /** `DELETE /v1/responses/{id}`, with all responses that go on from it. */
  readonly remove: Handler;
  /** `GET /v1/responses/{id}/input_items`. */
  readonly inputItems: Handler;
  /** `POST /v1/responses/{id}/cancel`. */
  readonly cancel: Handler;
}

export interface OpenaiResponseHandlersOptions {
  readonly conversations: Pick<ConversationStore, 'find'>;
  /** Answers the chat itself. */
  readonly chat: Handler;
  /** Deletes a stored response, whatever API it was made in. */
  readonly remove: Handler;
  readonly runs: Pick<BackgroundRuns, 'find' | 'forget'>;
}

type Found = TurnHead & Pick<StoredTurn, 'messages' | 'answer'>;

/** OpenAI's `/v1/responses`. A token sees its own responses and those of tokens derived from it. */
export function createOpenaiResponseHandlers(options: OpenaiResponseHandlersOptions): OpenaiResponseHandlers {
  const { conversations, chat, remove, runs } = options;
  const find = ({ auth }: RequestContext, id: string): Promise<Found | undefined> =>
    reachStore(() => conversations.find(id, turnsOf(auth.principal)));
  const read = async (context: RequestContext): Promise<Found> => {
    const { id = '' } = context.params;
    const turn = await find(context, id);
    if (turn === undefined) throw notFound('response', id);
    return turn;
  };

  const findRun = async (context: RequestContext): Promise<BackgroundRun | undefined> => {
    const { id = '' } = context.params;
    const scope = turnsOf(context.auth.principal);
    const run = runs.find(id, scope);
    if (run === undefined || !run.wasStored || (await find(context, id)) !== undefined) return run;
    // It was deleted together with a response that it goes on from.
    await runs.forget(id, scope);
    return undefined;
  };

  return {
    create: async (context) => {
      context.body = await withReferences(context.body, (id) => find(context, id));
      return chat(context);
    },
    show: async (context) => {
      const { stream, starting_after: after } = validateBody(showSchema, context.query);
      const run = await findRun(context);
      if (run !== undefined) return stream ? events(run.follow(context.signal, toFrame, after)) : json(run.current());
      const response = renderStored(await read(context));
      if (!stream) return json(response);
      throw refusal('stream', 'can no longer be read as a stream, or never could: read it whole');
    },
    cancel: async (context) => {
      const run = await findRun(context);
      if (run === undefined) {
        await read(context);
        throw refusal('response_id', 'does not run in the background of this server');
      }
      await run.cancel();
      return json(run.current());
    },
    remove: async (context) => {
      await remove(context);
      return json({ id: context.params.id, object: 'response', deleted: true });
    },
    inputItems: async (context) => {
      const { limit, order, after } = validateBody(itemsSchema, context.query);
      const all = renderInputItems(await read(context));
      const items = order === 'asc' ? all : all.toReversed();
      const from = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
      const data = items.slice(from, from + limit);
      const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
      return json({ object: 'list', data, ...ends, has_more: from + limit < items.length });
    },
  };
}

/** The most responses to whose items one request refers. */
const MOST_RESPONSES = 64;
/** The most characters of all items that references stand for: as many as a body usually has. */
const MOST_CHARACTERS = 8 * 1_048_576;

/** Puts the items of earlier responses in the places of their references. Each response is read once. */
async function withReferences(body: unknown, find: (id: string) => Promise<Found | undefined>): Promise<unknown> {
  if (!isObject(body) || !Array.isArray(body.input)) return body;
  const input: readonly unknown[] = body.input;
  const references = input.filter(isReference);
  // The schema refuses a list that is longer.
  if (references.length === 0 || input.length > MOST_ITEMS) return body;
  const ids = new Set(references.flatMap(({ id }) => responseIdOf(id) ?? []));
  if (ids.size > MOST_RESPONSES) throw tooMuch(`refers to items of more than ${MOST_RESPONSES} responses`);
  const items = new Map<string, StoredItem>();
  for (const id of ids) {
    const turn = await find(id);
    for (const [itemId, item] of turn === undefined ? [] : outputItemsOf(turn)) {
      items.set(itemId, { item, characters: JSON.stringify(item).length });
    }
  }
  let characters = 0;
  return {
    ...body,
    input: input.map((item) => {
      if (!isReference(item)) return item;
      const found = items.get(item.id);
      if (found === undefined) throw notFound('item', item.id);
      characters += found.characters;
      if (characters > MOST_CHARACTERS) throw tooMuch(`refers to more than ${MOST_CHARACTERS} characters`);
      return found.item;
    }),
  };
}

interface StoredItem {
  readonly item: Readonly<Record<string, unknown>>;
  readonly characters: number;
}

const tooMuch = (problem: string): ServerError =>
  new ServerError('INVALID_REQUEST', `'input' ${problem}.`, { param: 'input' });

interface Reference {
  readonly id: string;
}

/** An item that is nothing but an id is a reference, too. */
function isReference(item: unknown): item is Reference {
  if (!isObject(item) || typeof item.id !== 'string') return false;
  return item.type === 'item_reference' || Object.keys(item).length === 1;
}

const refusal = (param: string, problem: string): ServerError =>
  new ServerError('INVALID_REQUEST', `This response ${problem}.`, { param });

const notFound = (kind: 'response' | 'item', id: string): ServerError =>
  new ServerError('NOT_FOUND', `There is no stored ${kind} '${id.slice(0, 64)}' of yours.`, {
    param: kind === 'item' ? 'input' : 'response_id',
  });
