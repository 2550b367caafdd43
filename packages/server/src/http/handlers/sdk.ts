import { z } from 'zod';
import type { PromptCounter, PromptReader } from '../../chat/count-prompt.ts';
import type { EmbedService } from '../../chat/embed-service.ts';
import type { ChatRequest } from '../../contracts/chat-request.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { createSdkDialects } from '../../dialects/lmstudio-sdk/index.ts';
import { nameIn, parseTemplate } from '../../dialects/lmstudio-sdk/parse.ts';
import type { FindInstance } from '../../dialects/lmstudio-sdk/render.ts';
import { renderModelInfo } from '../../dialects/lmstudio-sdk/render-models.ts';
import { specifierSchema } from '../../dialects/lmstudio-sdk/schema.ts';
import { readImage } from '../../wire/image-base64.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { toChatCaller } from '../chat-caller.ts';
import { json, lines } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';
import { createVisibleModels } from '../visible-models.ts';
import { type ChatHandlerOptions, createChatHandler } from './chat.ts';
import { createSdkModelHandlers, type SdkModelHandlers, type SdkModelHandlersOptions } from './sdk-models.ts';

/** The version of LM Studio whose protocol this is. */
const PROTOCOL_VERSION = '0.4.24';

export interface SdkHandlers {
  /** Whether a namespace may be connected to; whatever else is asked, is asked on the connection. */
  readonly connect: Handler;
  /** Proves the token of a connection, and ends when the token does. */
  readonly authenticate: Handler;
  readonly llm: SdkModelHandlers &
    Readonly<Record<'predict' | 'complete' | 'count' | 'tokenize' | 'applyTemplate', Handler>>;
  readonly embedding: SdkModelHandlers & { readonly embed: Handler };
  readonly listDownloaded: Handler;
  readonly listVariants: Handler;
  readonly version: Handler;
  readonly upload: Handler;
}

export interface SdkHandlersOptions extends SdkModelHandlersOptions {
  readonly chats: ChatHandlerOptions;
  readonly embed: EmbedService;
  readonly countPrompt: PromptCounter;
  readonly readPrompt: PromptReader;
  readonly find: FindInstance;
}

const textSchema = z.looseObject({ specifier: specifierSchema, inputString: z.string() });
const embedSchema = z.looseObject({
  modelSpecifier: specifierSchema,
  inputString: z.string().min(1, 'must not be empty'),
});
const uploadSchema = z.looseObject({ name: z.string().max(1024).nullish(), contentBase64: z.string() });
const variantsSchema = z.looseObject({ modelKey: z.string().min(1).max(1024) });

/** What the programs of LM Studio's SDK ask for, each on its own; the connection is the adapter's. */
export function createSdkHandlers(options: SdkHandlersOptions): SdkHandlers {
  const { chats, embed, countPrompt, readPrompt, catalog, find } = options;
  const dialects = createSdkDialects(find);
  const visible = createVisibleModels(catalog);
  return {
    connect: async () => ({ status: 200 }),
    authenticate: async (context) => {
      // The connection does not use a place among the concurrent requests; each request on it does.
      await context.admission.release();
      const { kind, rootId } = context.auth.principal;
      return lines(untilEnded(context.signal, kind === 'anonymous' ? {} : { token: rootId }));
    },
    llm: {
      ...createSdkModelHandlers('llm', options),
      predict: createChatHandler(chats, dialects.predict),
      complete: createChatHandler(chats, dialects.complete),
      count: async (context) => {
        const tokenCount = await countPrompt(toChatCaller(context), toContinue(context), context.signal);
        return json({ tokenCount });
      },
      tokenize: async (context) => {
        const { tokens } = await readPrompt(toChatCaller(context), toContinue(context), context.signal);
        return json({ tokens });
      },
      applyTemplate: async (context) => {
        const { text } = await readPrompt(toChatCaller(context), parseTemplate(context.body), context.signal);
        return json({ formatted: text });
      },
    },
    embedding: {
      ...createSdkModelHandlers('embedding', options),
      embed: async (context) => {
        const { modelSpecifier, inputString } = validateBody(embedSchema, context.body);
        const model = required(nameIn(modelSpecifier), 'modelSpecifier');
        const asked = { model, inputs: [inputString], tooLong: 'cut' } as const;
        const { vectors } = await embed(toChatCaller(context), asked, context.signal);
        return json({ embedding: Array.from(vectors[0] ?? []) });
      },
    },
    listDownloaded: async (context) => json((await visible(context)).flatMap((model) => renderModelInfo(model) ?? [])),
    listVariants: async (context) => {
      const key = catalog.resolve(validateBody(variantsSchema, context.body).modelKey);
      const models = (await visible(context)).filter((model) => model.key === key);
      return json(models.flatMap((model) => renderModelInfo(model) ?? []));
    },
    version: async () => json({ version: PROTOCOL_VERSION, build: 1, pid: 0, isDaemon: true }),
    upload: async (context) => {
      const image = readImage(validateBody(uploadSchema, context.body).contentBase64);
      if (image === undefined) {
        throw new ServerError(
          'INVALID_REQUEST',
          'This server takes files that are images: PNG, JPEG, GIF, WebP, BMP.',
          {
            param: 'contentBase64',
          },
        );
      }
      // Nothing is kept here: the program sends the file back in each message that has it.
      return json({
        identifier: `data:${image.mediaType};base64,${image.data}`,
        fileType: 'image',
        sizeBytes: Buffer.byteLength(image.data, 'base64'),
      });
    },
  };
}

/** The request to continue a text as it is. */
function toContinue({ body }: RequestContext): ChatRequest {
  const { specifier, inputString: text } = validateBody(textSchema, body);
  return {
    model: required(nameIn(specifier), 'specifier'),
    ...{ messages: [], prompt: { text }, integrations: [], clientTools: [], toolChoice: 'none' },
    ...{ sampling: {}, stop: [], store: false },
  };
}

function required(name: string | undefined, param: string): string {
  if (name !== undefined) return name;
  throw new ServerError('INVALID_REQUEST', 'The model is not named: get it by its key first.', { param });
}

/** One line at once, and the end when the signal fires. */
async function* untilEnded(signal: AbortSignal, line: object): AsyncGenerator<string> {
  yield `${JSON.stringify(line)}\n`;
  const ended = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => ended.resolve(), { once: true });
  if (signal.aborted) ended.resolve();
  await ended.promise;
}
