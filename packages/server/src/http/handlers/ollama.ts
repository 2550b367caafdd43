import { z } from 'zod';
import type { EmbedService } from '../../chat/embed-service.ts';
import type { LoadService } from '../../chat/load-service.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { ollamaEmbed, ollamaEmbeddings } from '../../dialects/ollama/embeddings.ts';
import { ollamaChat, ollamaGenerate } from '../../dialects/ollama/index.ts';
import { type ParsedLoad, parseLoad } from '../../dialects/ollama/parse-load.ts';
import { paramsWith } from '../../dialects/ollama/read-settings.ts';
import { renderLoad } from '../../dialects/ollama/render.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { toChatCaller } from '../chat-caller.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';
import { type ChatHandlerOptions, createChatHandler } from './chat.ts';
import { createEmbeddingsHandler } from './embeddings.ts';
import { createTagReader, type TaggedModels } from './ollama-tags.ts';

/** The version of Ollama whose API this is; clients ask for it to learn what they may send. */
const API_VERSION = '0.13.0';
/** Clients compare the text. */
const GREETING = 'Ollama is running';

export interface OllamaHandlers {
  /** `GET /` and `HEAD /`: whether a server answers here. */
  readonly greet: Handler;
  /** `GET /api/version`. */
  readonly version: Handler;
  /** `POST /api/chat`. */
  readonly chat: Handler;
  /** `POST /api/generate`. */
  readonly generate: Handler;
  /** `POST /api/embed`. */
  readonly embed: Handler;
  /** `POST /api/embeddings`. */
  readonly embeddings: Handler;
  /** `POST /api/pull`, `POST /api/copy` and `DELETE /api/delete`. */
  readonly manage: Handler;
}

export interface OllamaHandlersOptions {
  readonly chats: ChatHandlerOptions;
  readonly embed: EmbedService;
  readonly load: LoadService;
  readonly catalog: TaggedModels;
}

/** Ollama's API, apart from its lists of models. */
export function createOllamaHandlers({ chats, embed, load, catalog }: OllamaHandlersOptions): OllamaHandlers {
  const nameOf = createTagReader(catalog);
  const chat: ChatHandlerOptions = {
    ...chats,
    chat: async (caller, asked, ...rest) => {
      const model = await nameOf(caller, 'chat', asked.model);
      return chats.chat(caller, { ...asked, model }, ...rest);
    },
  };
  const embedTagged: EmbedService = async (caller, asked, signal) =>
    embed(caller, { ...asked, model: await nameOf(caller, 'embeddings', asked.model) }, signal);
  const orLoad =
    (kind: ParsedLoad['kind'], answer: Handler): Handler =>
    async (context) => {
      const asked = parseLoad(kind, context.body);
      if (asked === undefined) return answer(context);
      const caller = toChatCaller(context);
      try {
        const { unload, kind: _, ...wish } = asked;
        const wanted = { ...wish, model: await nameOf(caller, 'chat', asked.model), use: 'chat' } as const;
        if (unload) await load.unload(caller, wanted);
        else for await (const _event of load.load(caller, wanted, context.signal));
      } catch (error) {
        throw error instanceof ServerError ? error.named(paramsWith('prompt')) : error;
      }
      return json(renderLoad(asked, chats.clock()));
    };

  return {
    greet: async () => ({
      status: 200,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: { text: GREETING },
    }),
    version: async () => json({ version: API_VERSION }),
    chat: orLoad('chat', createChatHandler(chat, ollamaChat)),
    generate: orLoad('generate', createChatHandler(chat, ollamaGenerate)),
    embed: createEmbeddingsHandler(embedTagged, ollamaEmbed),
    embeddings: createEmbeddingsHandler(embedTagged, ollamaEmbeddings),
    manage: async (context) => {
      validateBody(manageSchema, context.body);
      throw new ServerError(
        'INVALID_REQUEST',
        'This server does not download, copy or delete models: its operator changes the files in its models folder.',
        { param: 'model' },
      );
    },
  };
}

const name = z.string().max(256).nullish();
const manageSchema = z.looseObject({ model: name, name, source: name, destination: name });
