import { createAuth, createMemoryTokenStore, type TokenStore } from '@latchkey/auth-core';
import { type Auth, type Grant, llm } from '@latchkey/auth-core/llm';
import Koa from 'koa';
import { type AuthState, type BearerAuthOptions, bearerAuth, renderAuthErrors } from '../src/index.ts';

export function newAuth(store: TokenStore = createMemoryTokenStore()): Auth {
  return createAuth({ vocabulary: llm, store, digestKey: crypto.getRandomValues(new Uint8Array(32)) });
}

export async function issueToken(auth: Auth, grant: Grant = { actions: ['chat'], models: ['ibm/*'] }): Promise<string> {
  return (await auth.issue({ name: 'ci-bot', grant }, auth.operator())).token;
}

/** An app that answers with who asks, and renders errors as their codes. */
export function newApp(options: BearerAuthOptions, ...between: Koa.Middleware<AuthState>[]): Koa<AuthState> {
  const app = new Koa<AuthState>();
  app.silent = true;
  app.use(renderAuthErrors({ render: ({ code, message }) => ({ code, message }), basic: options.basic ?? false }));
  app.use(bearerAuth(options));
  for (const middleware of between) app.use(middleware);
  app.use(async function answer(ctx) {
    ctx.body = { name: ctx.state.auth.principal.name, address: ctx.state.auth.address };
  });
  return app;
}
