import type { Action } from '@latchkey/auth-core/llm';
import type { createHandlers } from './create-handlers.ts';
import { sdkErrors } from './dialects/lmstudio-sdk/errors.ts';
import { conversation } from './http/bodies.ts';
import type { Route, RouteRow } from './http/route.ts';
import type { Handler } from './http/step.ts';

type Handlers = ReturnType<typeof createHandlers>['sdk'];

/** The namespaces of LM Studio's SDK; a program connects to each on its own. */
const NAMESPACES = ['llm', 'embedding', 'system', 'files', 'diagnostics', 'repository', 'plugins', 'runtime'] as const;

/** The row that proves the token of a connection. */
export const AUTHENTICATE_PATH = '/authenticate';

/**
 * The endpoints of LM Studio's SDK protocol, reached through a websocket only: a call of `listLoaded` on the connection
 * to `/llm` is a request for `POST /llm/listLoaded`, decided like any other. Endpoints that are not here are refused.
 */
export function createSdkRoutes(
  { connect, authenticate, llm, embedding, ...system }: Handlers,
  { chatBodyBytes }: { readonly chatBodyBytes: number },
): readonly Route[] {
  const body = conversation(chatBodyBytes);
  const row = (path: string, access: Action | 'authenticated', handler: Handler): RouteRow => ({
    ...{ method: 'POST', path, access, idempotency: 'none', runsLong: true, body, handler },
  });
  const models = (namespace: string, use: Action, handlers: typeof llm | typeof embedding): readonly RouteRow[] => [
    row(`/${namespace}/getOrLoad`, use, handlers.getOrLoad),
    row(`/${namespace}/loadModel`, 'models:load', handlers.loadModel),
    row(`/${namespace}/unloadModel`, 'models:load', handlers.unloadModel),
    row(`/${namespace}/listLoaded`, 'models:read', handlers.listLoaded),
    row(`/${namespace}/getModelInfo`, 'models:read', handlers.getModelInfo),
    row(`/${namespace}/getLoadConfig`, 'models:read', handlers.getLoadConfig),
    row(`/${namespace}/getBasePredictionConfig`, 'models:read', handlers.getBasePredictionConfig),
    row(`/${namespace}/getInstanceProcessingState`, 'models:read', handlers.getInstanceProcessingState),
  ];
  const rows: readonly RouteRow[] = [
    ...NAMESPACES.map((name): RouteRow => ({ method: 'GET', path: `/${name}`, access: 'public', handler: connect })),
    row(AUTHENTICATE_PATH, 'authenticated', authenticate),
    ...models('llm', 'chat', llm),
    row('/llm/predict', 'chat', llm.predict),
    row('/llm/completeRawText', 'chat', llm.complete),
    row('/llm/countTokens', 'chat', llm.count),
    row('/llm/tokenize', 'chat', llm.tokenize),
    row('/llm/applyPromptTemplate', 'chat', llm.applyTemplate),
    ...models('embedding', 'embeddings', embedding),
    row('/embedding/embedString', 'embeddings', embedding.embed),
    row('/system/listDownloadedModels', 'models:read', system.listDownloaded),
    row('/system/listDownloadedModelVariants', 'models:read', system.listVariants),
    row('/system/version', 'authenticated', system.version),
    row('/system/info', 'authenticated', system.version),
    row('/files/uploadFileBase64', 'chat', system.upload),
  ];
  return rows.map((one) => ({ ...one, dialect: sdkErrors }));
}
