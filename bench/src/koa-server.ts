// A Koa server of a few routes, in a process of its own: `bare`, `least`, or `locked` with token, action and limits.

import { hash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import {
  createAuth,
  createMemoryLimitStore,
  createMemoryTokenStore,
  createMeter,
  DEFAULT_AUTH_SETTINGS,
} from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { type AdmissionState, bearerAuth, limitRequests, requireAction } from '@latchkey/koa-auth';
import Koa, { type Middleware } from 'koa';

/** The answers of the routes: a small one, a typical list of models, and a large one. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/short': listIds(20),
  '/typical': { models: Array.from({ length: 20 }, (_, index) => describeModel(index)) },
  '/long': listIds(500),
};

function listIds(length: number): unknown {
  return { models: Array.from({ length }, (_, index) => ({ id: `publisher/model-${index}`, size: index })) };
}

/** A model as `GET /api/v1/models` lists it. */
function describeModel(index: number): unknown {
  return {
    type: 'llm',
    publisher: 'publisher',
    key: `publisher/model-${index}`,
    display_name: `Model ${index}`,
    architecture: 'llama',
    quantization: { name: 'Q4_K_M', bits_per_weight: 4 },
    size_bytes: 4_000_000_000 + index,
    params_string: '7B',
    loaded_instances: [{ id: `publisher/model-${index}`, config: { context_length: 4096, flash_attention: true } }],
    max_context_length: 131_072,
    format: 'gguf',
    capabilities: { vision: false, trained_for_tool_use: true },
    description: null,
  };
}

const POLICY = '"requestsPerMinute";q=100000000;w=60';

/** The least work of any three guards that hash a secret and report a limit: three promises, a hash, two headers. */
const LEAST: readonly Middleware[] = [
  async (ctx, next) => {
    ctx.state.digest = hash('sha256', ctx.req.headers.authorization ?? '', 'base64');
    await next();
  },
  async (ctx, next) => {
    ctx.res.setHeader('RateLimit-Policy', POLICY);
    ctx.res.setHeader('RateLimit', '"requestsPerMinute";r=99999999;t=42');
    await next();
  },
  async (_, next) => {
    await next();
  },
];

const auth = createAuth({
  vocabulary: llm,
  store: createMemoryTokenStore(),
  digestKey: new Uint8Array(32).fill(7),
  settings: () => DEFAULT_AUTH_SETTINGS,
});
const grant: Grant = { actions: ['models:read'], limits: { requestsPerMinute: 100_000_000 } };
const { token } = await auth.issue({ name: 'bench', grant }, auth.operator());

const app = new Koa<AdmissionState>();
const [, , mode] = process.argv;
if (mode === 'least') for (const guard of LEAST) app.use(guard);
if (mode === 'locked') {
  app.use(bearerAuth({ auth }));
  app.use(limitRequests({ meter: createMeter({ vocabulary: llm, store: createMemoryLimitStore() }) }));
  app.use(requireAction('models:read'));
}
app.use((ctx) => {
  ctx.body = ANSWERS[ctx.path];
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token });
});
// On request, reports how much processor time this process has used, in microseconds.
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.on('disconnect', () => process.exit());
