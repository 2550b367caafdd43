import type { Model } from '@latchkey/engine';
import { z } from 'zod';
import type { LoadRequest, LoadService } from '../../chat/load-service.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { sdkErrors } from '../../dialects/lmstudio-sdk/errors.ts';
import { nameIn } from '../../dialects/lmstudio-sdk/parse.ts';
import { readContextLength } from '../../dialects/lmstudio-sdk/read-config.ts';
import type { FindInstance } from '../../dialects/lmstudio-sdk/render.ts';
import {
  domainOf,
  renderInstance,
  renderLoadConfig,
  renderModelInfo,
  type SdkInstance,
} from '../../dialects/lmstudio-sdk/render-models.ts';
import {
  getOrLoadSchema,
  loadModelSchema,
  type Specifier,
  type Stack,
  specifierSchema,
} from '../../dialects/lmstudio-sdk/schema.ts';
import type { ModelCatalog } from '../../models/model-catalog.ts';
import type { ModelPool } from '../../models/model-pool.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { toChatCaller } from '../chat-caller.ts';
import { json, lines } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';
import { toServerError } from '../to-server-error.ts';

/** The two kinds of models, each with its own endpoints. */
export type SdkDomain = 'llm' | 'embedding';

/** The endpoints that both kinds of models have. */
export interface SdkModelHandlers {
  readonly listLoaded: Handler;
  readonly getModelInfo: Handler;
  readonly getLoadConfig: Handler;
  readonly getBasePredictionConfig: Handler;
  readonly getInstanceProcessingState: Handler;
  readonly getOrLoad: Handler;
  readonly loadModel: Handler;
  readonly unloadModel: Handler;
}

export interface SdkModelHandlersOptions {
  readonly catalog: ModelCatalog;
  readonly pool: ModelPool;
  readonly load: LoadService;
  readonly find: FindInstance;
}

const specifiedSchema = z.looseObject({ specifier: specifierSchema });
const infoSchema = z.looseObject({ specifier: specifierSchema, throwIfNotFound: z.boolean().nullish() });
const unloadSchema = z.looseObject({ identifier: z.string().min(1).max(1024) });

/** Models in memory, and their loading, in LM Studio's SDK protocol. A caller sees only the models that it may use. */
export function createSdkModelHandlers(
  domain: SdkDomain,
  { catalog, pool, load, find }: SdkModelHandlersOptions,
): SdkModelHandlers {
  const use = domain === 'llm' ? 'chat' : 'embeddings';

  const loadedFor = ({ auth }: RequestContext): readonly SdkInstance[] =>
    pool
      .loaded()
      .filter(({ key }) => auth.decide({ action: 'models:read', models: key }).allowed)
      .flatMap(({ id }) => find(id) ?? [])
      .filter(({ model }) => domainOf(model) === domain);

  const locate = (context: RequestContext, specifier: Specifier): SdkInstance | undefined => {
    const name = nameIn(specifier);
    const loaded = loadedFor(context);
    if (name === undefined) return loaded[0];
    const named = loaded.find(({ instance }) => instance.id === name);
    const key = catalog.resolve(name);
    return named ?? loaded.find(({ model }) => model.key === key);
  };
  const require = (context: RequestContext): SdkInstance => {
    const { specifier } = validateBody(specifiedSchema, context.body);
    return locate(context, specifier) ?? notLoaded(nameIn(specifier));
  };

  /** Loads a model, and reports it in packets of the channel. Refuses before the first of them. */
  const loading = async (
    context: RequestContext,
    asked: Omit<LoadRequest, 'use'>,
    packets: LoadPackets,
  ): Promise<ReturnType<typeof lines>> => {
    const signal = AbortSignal.any([context.signal, ...(context.cancelled === undefined ? [] : [context.cancelled])]);
    const events = load.load(toChatCaller(context), { ...asked, use }, signal);
    const named = (error: unknown): unknown =>
      error instanceof ServerError ? error.named((field) => (field === 'model' ? 'identifier' : undefined)) : error;
    // Nothing may ever read the packets; what the loading holds is released all the same.
    context.signal.addEventListener('abort', () => void events.return({}).catch(() => {}), { once: true });
    const first = await events.next().catch((error: unknown) => {
      throw named(error);
    });
    const key = catalog.resolve(asked.model);
    const model = await catalog.find(key);
    const packetsOf = async function* (): AsyncGenerator<object> {
      if (!first.done) yield packets.begin(model);
      for (let step = first; !step.done; step = await events.next()) {
        if (step.value.type === 'model_load.progress') yield packets.progress(step.value.progress);
      }
      signal.throwIfAborted();
      const instance = find(key) ?? notLoaded(key);
      yield packets.end(renderInstance(instance), first.done === true);
    };
    return lines(
      (async function* () {
        try {
          for await (const packet of packetsOf()) yield toLine(packet);
        } catch (error) {
          yield toLine({ type: 'error', error: sdkErrors.renderError(failureOf(named(error), context)).body });
        }
      })(),
    );
  };

  return {
    listLoaded: async (context) => json(loadedFor(context).map(renderInstance)),
    getModelInfo: async (context) => {
      const { specifier, throwIfNotFound } = validateBody(infoSchema, context.body);
      const instance = locate(context, specifier);
      if (instance !== undefined) return json(renderInstance(instance));
      if (throwIfNotFound) notLoaded(nameIn(specifier));
      return { status: 200 };
    },
    getLoadConfig: async (context) => json(renderLoadConfig(require(context))),
    getBasePredictionConfig: async (context) => {
      require(context);
      return json({ fields: [] });
    },
    getInstanceProcessingState: async (context) => {
      require(context);
      return json({ status: 'idle', queued: 0 });
    },
    getOrLoad: async (context) => {
      const { identifier, loadTtlMs, loadConfigStack } = validateBody(getOrLoadSchema, context.body);
      return loading(context, toLoad(identifier, loadTtlMs, loadConfigStack, true), {
        begin: (model) => ({ type: 'startLoading', identifier: model.key, info: renderModelInfo(model) }),
        progress: (progress) => ({ type: 'loadProgress', progress }),
        end: (info, wasLoaded) => ({ type: wasLoaded ? 'alreadyLoaded' : 'loadSuccess', info }),
      });
    },
    loadModel: async (context) => {
      const { modelKey, ttlMs, loadConfigStack } = validateBody(loadModelSchema, context.body);
      return loading(context, toLoad(modelKey, ttlMs, loadConfigStack, false), {
        begin: (model) => ({ type: 'resolved', info: renderModelInfo(model) }),
        progress: (progress) => ({ type: 'progress', progress }),
        end: (info) => ({ type: 'success', info }),
      });
    },
    unloadModel: async (context) => {
      const { identifier } = validateBody(unloadSchema, context.body);
      await load.unload(toChatCaller(context), { model: identifier, use });
      return { status: 200 };
    },
  };
}

const toLine = (packet: object): string => `${JSON.stringify(packet)}\n`;

/** Why a loading that had begun did not end; a program that has cancelled it knows why. */
function failureOf(error: unknown, { cancelled, logger }: RequestContext): ServerError {
  if (cancelled?.aborted) return new ServerError('INVALID_REQUEST', 'The program has cancelled this.');
  const failure = toServerError(error);
  if (failure.code === 'INTERNAL') logger.error({ err: error }, 'a model could not be loaded');
  return failure;
}

/** The packets in which a channel reports that a model is loaded. */
interface LoadPackets {
  readonly begin: (model: Model) => object;
  readonly progress: (progress: number) => object;
  readonly end: (info: object, wasLoaded: boolean) => object;
}

function toLoad(
  model: string,
  ttl: number | null | undefined,
  stack: Stack | null | undefined,
  isWish: boolean,
): Omit<LoadRequest, 'use'> {
  const wanted = readContextLength(stack);
  return {
    model,
    ...wanted,
    // Python's SDK sends a time of its own with each model that it asks for.
    ...(ttl == null ? {} : { keepAliveMilliseconds: ttl }),
    ...(isWish && wanted.contextLength !== undefined ? { contextLengthIsWish: true as const } : {}),
  };
}

function notLoaded(name: string | undefined): never {
  const message =
    name === undefined
      ? 'No model that the token may use is in memory.'
      : `There is no model '${name.slice(0, 256)}' in memory that the token may use.`;
  throw new ServerError('MODEL_NOT_FOUND', message, { param: 'specifier' });
}
