import { protect as protectExpress } from '@latchkey/auth-core/express';
import { protect as protectKoa } from '@latchkey/koa-auth';
import express from 'express';
import Koa from 'koa';
import serverless from 'serverless-http';
import { askAll, auth } from './invoices.ts';

/* auth-core in AWS Lambda: apps of Express and Koa behind serverless-http, whose requests no connection has. */

const expressApp = express();
const guard = protectExpress({ auth });
expressApp.get('/', guard('invoices:read'), (request, response) => {
  response.json({ hello: guard.callerOf(request).principal.name });
});

const koaApp = new Koa();
koaApp.use(protectKoa({ auth })('invoices:read'));
koaApp.use((ctx) => {
  ctx.body = { hello: ctx.state.auth.principal.name };
});

/** The event that API Gateway passes on. */
const eventWith = (headers: Readonly<Record<string, string>>) => ({
  version: '2.0',
  rawPath: '/',
  rawQueryString: '',
  headers: { host: 'api.example', ...headers },
  requestContext: { http: { method: 'GET', path: '/', sourceIp: '198.51.100.4' } },
  isBase64Encoded: false,
});

const answers: Record<string, readonly string[]> = {};
for (const [name, app] of Object.entries({ express: expressApp, koa: koaApp })) {
  const handle = serverless(app);
  answers[name] = await askAll(async (headers) => {
    const { statusCode, body } = (await handle(eventWith(headers), {})) as { statusCode: number; body: string };
    return { status: statusCode, body };
  });
}
console.log(JSON.stringify(answers));
