import { finished } from 'node:stream';
import { AuthError, PermissionDeniedError } from '@latchkey/auth-core';
import { challenge, createRequestAuthenticator, type RequestAuth, rateLimitHeaders } from '@latchkey/auth-core/http';
import express, { type ErrorRequestHandler, type Express, type Response } from 'express';
import type { AppParts } from '../app-parts.ts';

const callerOf = (response: Response): RequestAuth => response.locals.caller;

export function createApp({ auth, meter, basic, trustedProxies, listModels }: AppParts): Express {
  const authenticate = createRequestAuthenticator({ auth, basic, trustedProxies });
  const app = express();
  app.get('/public', (_request, response) => {
    response.json({ hello: 'everybody' });
  });
  // Whatever comes from here on, also what does not exist, is for those who have a token.
  app.use(async (request, response, next) => {
    const header = (name: string) => request.headersDistinct[name] ?? [];
    // Not `request.ip`, which believes what Express's own "trust proxy" says.
    const caller = await authenticate({ header, peer: request.socket.remoteAddress });
    const admission = await meter.admit(caller.principal);
    finished(response, () => void admission.release());
    response.set(rateLimitHeaders(admission.states));
    response.locals.caller = caller;
    next();
  });
  app.get('/whoami', (_request, response) => {
    const { id, name, project } = callerOf(response).principal;
    response.json({ id, name, project });
  });
  app.get('/models', async (_request, response) => {
    const decision = callerOf(response).decide({ action: 'models:read' });
    if (!decision.allowed) throw new PermissionDeniedError(decision);
    response.json({ models: await listModels() });
  });
  const renderErrors: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    if (!(error instanceof AuthError)) return response.status(500).json({ error: { code: 'INTERNAL' } });
    const { status, headers } = challenge(error, { basic });
    response
      .status(status)
      .set(headers)
      .json({ error: { code: error.code, message: error.message } });
  };
  app.use(renderErrors);
  return app;
}
