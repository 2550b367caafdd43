import type { Auth } from '@latchkey/auth-core';
import { z } from 'zod';
import { validateBody } from '../../dialects/validate-body.ts';
import { readJson } from '../read-json.ts';
import type { Handler } from '../routes.ts';

const name = z.string().trim().min(1).max(128);
const grant = z.record(z.string(), z.unknown());
const expiresAt = z.iso.datetime({ offset: true });

/** The grant itself is parsed by auth-core, which owns its schema. */
const createSchema = z.strictObject({ name, grant, expiresAt: expiresAt.optional() });
const editSchema = z.strictObject({
  name: name.optional(),
  grant: grant.optional(),
  expiresAt: expiresAt.nullable().optional(),
});

export interface TokenHandlers {
  readonly create: Handler;
  readonly list: Handler;
  readonly show: Handler;
  readonly edit: Handler;
  readonly revoke: Handler;
}

/** `/api/v1/tokens`: what a caller makes, sees and changes is inside its own authority; auth-core sees to it. */
export function createTokenHandlers(auth: Auth, bodyLimit: number): TokenHandlers {
  return {
    create: async (ctx) => {
      const body = validateBody(createSchema, await readJson(ctx, bodyLimit));
      const { record, token } = await auth.issue(
        { name: body.name, grant: body.grant, ...(body.expiresAt === undefined ? {} : { expiresAt: body.expiresAt }) },
        ctx.state.auth.principal,
      );
      ctx.status = 201;
      ctx.set('Cache-Control', 'no-store');
      ctx.body = { ...record, token };
    },
    list: async (ctx) => {
      ctx.body = { tokens: await auth.list(ctx.state.auth.principal) };
    },
    show: async (ctx) => {
      ctx.body = await auth.show(tokenId(ctx), ctx.state.auth.principal);
    },
    edit: async (ctx) => {
      const body = validateBody(editSchema, await readJson(ctx, bodyLimit));
      const changes = {
        ...(body.name === undefined ? {} : { name: body.name }),
        ...(body.grant === undefined ? {} : { grant: body.grant }),
        ...(body.expiresAt === undefined ? {} : { expiresAt: body.expiresAt }),
      };
      ctx.body = await auth.edit(tokenId(ctx), changes, ctx.state.auth.principal);
    },
    revoke: async (ctx) => {
      ctx.body = await auth.revoke(tokenId(ctx), ctx.state.auth.principal);
    },
  };
}

const tokenId = (ctx: Parameters<Handler>[0]): string => ctx.params.id ?? '';
