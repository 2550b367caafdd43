import { protect } from '@latchkey/auth-core/express';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { AppParts } from '../app-parts.ts';

export function createApp({ listModels, wait, ...options }: AppParts): Express {
  const guard = protect(options);
  const app = express();
  app.get('/public', (_request, response) => {
    response.json({ hello: 'everybody' });
  });
  // Everything from here on, also what does not exist, is for callers with a token.
  app.use(guard());
  app.get('/whoami', (request, response) => {
    const { id, name, project } = guard.callerOf(request).principal;
    response.json({ id, name, project });
  });
  app.get('/models', guard('models:read'), async (_request, response) => {
    response.json({ models: await listModels() });
  });
  // The parser comes after the guard: of a refused request no body is read.
  app.post('/models', guard('models:write'), express.json(), (request, response) => {
    response.json({ received: request.body });
  });
  app.get('/wait', guard('models:read'), async (request, response) => {
    response.json({ ended: await wait(guard.callerOf(request).signal) });
  });
  app.use(guard.errors);
  const renderError: ErrorRequestHandler = (_error, _request, response, _next) => {
    response.status(500).json({ error: { code: 'INTERNAL' } });
  };
  app.use(renderError);
  return app;
}
