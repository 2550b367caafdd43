import { protect } from '@latchkey/auth-core/express';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { AppParts } from '../app-parts.ts';

export function createApp({ listModels, wait, failed, ...options }: AppParts): Express {
  const guard = protect(options);
  const app = express();
  app.get('/public', (_request, response) => {
    response.json({ hello: 'everybody' });
  });
  // From here on every route needs a token, and so does a path that does not exist.
  app.use(guard());
  app.get('/whoami', (request, response) => {
    const { id, name, project } = guard.callerOf(request).principal;
    response.json({ id, name, project });
  });
  // Express 4 does not catch what an async handler rejects with; Express 5 does.
  app.get('/models', guard('models:read'), (_request, response, next) => {
    listModels().then((models) => response.json({ models }), next);
  });
  // The parser comes after the guard: the body of a refused request is not read.
  app.post('/models', guard('models:write'), express.json(), (request, response) => {
    response.json({ received: request.body });
  });
  const mayBeCached: RequestHandler = (_request, response, next) => {
    response.set({ 'Cache-Control': 'public, max-age=600', ETag: '"1"' });
    next();
  };
  app.get('/cached', mayBeCached, guard('models:write'), (_request, response) => {
    response.json({ hello: 'everybody' });
  });
  app.get('/wait', guard('models:read'), (request, response, next) => {
    wait(guard.callerOf(request).signal).then((ended) => response.json({ ended }), next);
  });
  // What reports errors comes before what answers them.
  const report: ErrorRequestHandler = (error, _request, _response, next) => {
    failed(error);
    next(error);
  };
  app.use(report, guard.errors);
  const renderError: ErrorRequestHandler = (_error, _request, response, _next) => {
    response.status(500).json({ error: { code: 'INTERNAL' } });
  };
  app.use(renderError);
  return app;
}
