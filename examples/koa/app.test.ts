import { type AdapterParts, adapterContract } from '@latchkey/auth-core/testing';
import type Koa from 'koa';
import { describe, it } from 'vitest';
import { listen } from '../listen.ts';
import { createApp } from './app.ts';
import { createApp as createInSteps } from './in-steps.ts';

async function serve<State>(app: Koa<State>) {
  app.silent = true;
  return listen(app.callback());
}

describe('auth-core in Koa', () => {
  for (const { name, run } of adapterContract((parts) => serve(createApp(parts)))) it(name, run);
});

describe('auth-core in Koa, step by step', () => {
  // These middlewares give a handler no signal.
  const cases = adapterContract((parts: AdapterParts) => serve(createInSteps(parts))).filter(
    ({ name }) => !name.startsWith('ends the work'),
  );
  for (const { name, run } of cases) it(name, run);
});
