import {
  ConflictError,
  GrantNotCoveredError,
  PermissionDeniedError,
  type Principal,
  StoreUnavailableError,
} from '@latchkey/auth-core';
import type { Auth, Grant, GrantWarning, TokenInfo } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { dateTime } from '../../dialects/date-time-field.ts';
import { duration } from '../../dialects/duration-field.ts';
import { validateBody } from '../../dialects/validate-body.ts';
import { wholeNumber } from '../../dialects/whole-number-field.ts';
import { dictionary } from '../../input/bounded.ts';
import { answerNotStored, answerRevocation, describeRevocation, inTime } from '../end-tokens.ts';
import type { Handler } from '../route.ts';

const label = z.string().trim().min(1).max(128);
const notes = z.string().max(2000);
/** It is read by auth-core. */
const grant = dictionary(z.unknown(), 4096) as unknown as z.ZodType<Grant>;
const rotateAfter = duration({ atLeast: 1 });

/** The grant itself is parsed by auth-core, which owns its schema; so are names, owners, projects and secrets. */
const createSchema = z.strictObject({
  name: label,
  kind: z.enum(['api-key', 'custom', 'personal-access', 'legacy']).optional(),
  grant,
  owner: label.optional(),
  project: label.optional(),
  expiresAt: dateTime.optional(),
  notes: notes.optional(),
  rotateAfter: rotateAfter.optional(),
  secret: z.string().max(1024).optional(),
  force: z.boolean().optional(),
});
const editSchema = z.strictObject({
  name: label.optional(),
  notes: notes.nullable().optional(),
  grant: grant.optional(),
  expiresAt: dateTime.nullable().optional(),
  rotateAfter: rotateAfter.nullable().optional(),
});
const rotateSchema = z.strictObject({
  overlap: z.union([duration({ atLeast: 0, beside: 'until-first-use' }), z.literal('until-first-use')]).optional(),
  expiresAt: dateTime.optional(),
});
const revokeAllSchema = z.strictObject({ owner: label.optional(), project: label.optional() });
const listSchema = z.strictObject({
  owner: label.optional(),
  project: label.optional(),
  parentId: label.optional(),
  after: label.optional(),
  limit: wholeNumber.pipe(z.int().min(1).max(1000)).default(1000),
});

export interface TokenHandlers {
  readonly create: Handler;
  readonly list: Handler;
  readonly show: Handler;
  readonly edit: Handler;
  readonly rotate: Handler;
  readonly revoke: Handler;
  readonly remove: Handler;
  readonly revokeAll: Handler;
  readonly revokeSelf: Handler;
}

/** Lists what is suspicious in a grant; see `reviewGrant` of auth-core. */
export type ReviewGrant = (grant: Grant) => Promise<readonly GrantWarning[]>;

interface Warned {
  readonly warnings?: readonly GrantWarning[];
}

/** `/api/v1/tokens`: what a caller makes, sees and changes is inside its own authority; auth-core sees to it. */
export function createTokenHandlers(auth: Auth, review: ReviewGrant): TokenHandlers {
  /** What a grant that was just written most likely does not mean. */
  const warningsOf = async (written: boolean, { grant: parsed }: TokenInfo): Promise<Warned> => {
    const warnings = written ? await review(parsed) : [];
    return warnings.length === 0 ? {} : { warnings };
  };

  /** Of one kind alone the owner may see the token again; who may not sees what is known of it. */
  async function reveal({ id, kind, owner, revokedAt }: TokenInfo, by: Principal): Promise<{ token?: string }> {
    if (kind !== 'legacy' || owner !== by.owner || revokedAt !== undefined) return {};
    try {
      return { token: await auth.reveal(id, by) };
    } catch (error) {
      if (error instanceof PermissionDeniedError || error instanceof GrantNotCoveredError) return {};
      throw error;
    }
  }

  return {
    create: async (ctx) => {
      const { rotateAfter, ...body } = validateBody(createSchema, ctx.state.body);
      const input = { ...withoutAbsent(body), ...withoutAbsent({ rotateAfterSeconds: rotateAfter }) };
      const { record, token } = await auth.issue({ ...input, name: body.name, grant: body.grant }, whoAsks(ctx));
      ctx.status = 201;
      ctx.body = { ...shownOnce(record, token), ...(await warningsOf(true, record)) };
    },
    list: async (ctx) => {
      const { limit, ...filter } = validateBody(listSchema, { ...ctx.query });
      // One more, to see whether there is another page.
      const found = await auth.list(whoAsks(ctx), { ...withoutAbsent(filter), limit: limit + 1 });
      const tokens = found.slice(0, limit);
      ctx.body = { tokens, ...(found.length > limit && { next: tokens.at(-1)?.id }) };
    },
    show: async (ctx) => {
      const by = whoAsks(ctx);
      const record = await auth.show(tokenId(ctx), by);
      ctx.body = { ...record, ...(await reveal(record, by)) };
    },
    edit: async (ctx) => {
      const { rotateAfter, ...body } = validateBody(editSchema, ctx.state.body);
      const changes = { ...withoutAbsent(body), ...withoutAbsent({ rotateAfterSeconds: rotateAfter }) };
      const edited = await auth.edit(tokenId(ctx), changes, whoAsks(ctx));
      ctx.body = { ...edited, ...(await warningsOf(body.grant !== undefined, edited)) };
    },
    rotate: async (ctx) => {
      const { overlap, ...body } = validateBody(rotateSchema, ctx.state.body);
      const input = {
        ...withoutAbsent(body),
        ...withoutAbsent({ overlap: typeof overlap === 'number' ? { seconds: overlap } : overlap }),
      };
      const { record, token } = await auth.rotate(tokenId(ctx), input, whoAsks(ctx));
      ctx.body = shownOnce(record, token);
    },
    revoke: async (ctx) => {
      answerRevocation(ctx, await auth.revoke(tokenId(ctx), whoAsks(ctx)));
    },
    remove: async (ctx) => {
      const [id, by] = [tokenId(ctx), whoAsks(ctx)];
      try {
        const removed = await inTime(() => auth.remove(id, by));
        ctx.body = { ...removed, deleted: true };
      } catch (error) {
        // One that works is ended first; the next request removes it.
        if (!(error instanceof ConflictError || error instanceof StoreUnavailableError)) throw error;
        answerRevocation(ctx, await auth.revoke(id, by));
      }
    },
    revokeAll: async (ctx) => {
      const body = validateBody(revokeAllSchema, ctx.state.body);
      const revoked = await auth.revokeAll(withoutAbsent(body), whoAsks(ctx));
      const answer = { revoked: revoked.map(describeRevocation) };
      if (revoked.every(({ stored }) => stored)) ctx.body = answer;
      else answerNotStored(ctx, answer);
    },
    revokeSelf: async (ctx) => {
      answerRevocation(ctx, await auth.revokeSelf(whoAsks(ctx)));
    },
  };
}

const tokenId = (ctx: Parameters<Handler>[0]): string => ctx.params.id ?? '';
const whoAsks = (ctx: Parameters<Handler>[0]) => ctx.state.auth.principal;

/** What to keep comes first: the rest can be asked for again. */
function shownOnce({ id, ...record }: TokenInfo, token: string) {
  return { id, token, ...record };
}
