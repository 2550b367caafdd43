import { protect } from '@latchkey/auth-core/hono';
import { Hono } from 'hono';

/* auth-core in a worker: an app of Hono, which asks itself and answers with what it was answered. */

async function open(): Promise<Hono> {
  // A worker has random bytes only while it handles a request.
  const { askAll, auth } = await import('./invoices.ts');
  const app = new Hono();
  const guard = protect({ auth });
  app.get('/invoices', guard('invoices:read'), (context) =>
    context.json({ hello: guard.callerOf(context).principal.name }),
  );
  app.get('/', async (context) => {
    const answers = await askAll(async (headers) => {
      const response = await app.request('/invoices', { headers });
      return { status: response.status, body: await response.text() };
    });
    return context.json({ answers });
  });
  return app;
}

let opened: Promise<Hono> | undefined;

// biome-ignore lint/style/noDefaultExport: a worker is its default export.
export default {
  async fetch(request: Request): Promise<Response> {
    opened ??= open();
    return (await opened).fetch(request);
  },
};
