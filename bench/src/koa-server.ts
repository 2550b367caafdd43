// A Koa server of one route, in a process of its own: `bare`, or `locked` with token, action and limits.

import type { AddressInfo } from 'node:net';
import {
  createAuth,
  createMemoryLimitStore,
  createMemoryTokenStore,
  createMeter,
  DEFAULT_AUTH_SETTINGS,
} from '@latchkey/auth-core';
import { type AdmissionState, bearerAuth, limitRequests, requireAction } from '@latchkey/koa-auth';
import Koa from 'koa';

/** As long as a list of so many models is. */
const listModels = (length: number) => ({
  models: Array.from({ length }, (_, index) => ({ id: `publisher/model-${index}`, size: index })),
});
const SHORT = listModels(20);
const LONG = listModels(500);

const auth = createAuth({
  store: createMemoryTokenStore(),
  digestKey: new Uint8Array(32).fill(7),
  settings: () => DEFAULT_AUTH_SETTINGS,
});
const grant = { actions: ['models:read'], limits: { requestsPerMinute: 100_000_000 } };
const { token } = await auth.issue({ name: 'bench', grant }, auth.operator());

const app = new Koa<AdmissionState>();
if (process.argv[2] === 'locked') {
  app.use(bearerAuth({ auth }));
  app.use(limitRequests({ meter: createMeter({ store: createMemoryLimitStore() }) }));
  app.use(requireAction('models:read'));
}
app.use((ctx) => {
  ctx.body = ctx.path === '/long' ? LONG : SHORT;
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, token });
});
process.on('disconnect', () => process.exit());
