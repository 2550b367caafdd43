import type Koa from 'koa';
import type { Logger } from 'pino';
import { lmstudioDialect } from '../../src/dialects/lmstudio/index.ts';
import { serve } from '../../src/http/app.ts';
import { composeSteps, type Handler, type Step } from '../../src/http/step.ts';
import { logRequest } from '../../src/http/steps/log-request.ts';
import { renderErrors } from '../../src/http/steps/render-errors.ts';
import { toKoa } from '../../src/koa-adapter.ts';
import { keepLog } from './new-server.ts';

export interface AppOfOptions {
  readonly steps?: readonly Step[];
  readonly logger?: Logger;
  readonly stopping?: AbortSignal;
  readonly createId?: () => string;
}

/** One handler behind some steps, over HTTP. */
export function appOf(handler: Handler, options: AppOfOptions = {}): Koa {
  const {
    steps = [],
    logger = keepLog().logger,
    stopping = new AbortController().signal,
    createId = () => 'id',
  } = options;
  const handle = composeSteps([logRequest, renderErrors(() => lmstudioDialect), ...steps], handler);
  return toKoa(serve(handle, { logger, stopping, createId }), logger);
}
