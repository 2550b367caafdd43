import type { Handler } from '../routes.ts';

/** `GET /health`: that the server answers, and nothing about it, since anybody may ask. */
export const health: Handler = async (ctx) => {
  ctx.body = { status: 'ok' };
};
