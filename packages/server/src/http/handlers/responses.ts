import { type Auth, PermissionDeniedError, recordAct } from '@latchkey/auth-core';
import { z } from 'zod';
import type { AuditTrail } from '../../audit/audit-trail.ts';
import { toActor } from '../../audit/audited-request.ts';
import { turnsOf } from '../../chat/caller-scope.ts';
import type { ConversationStore, TurnHead, TurnScope } from '../../contracts/conversation-store.ts';
import { reachStore } from '../../contracts/reach-store.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { renderTurn, renderTurnHead } from '../../dialects/lmstudio/render-responses.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { wholeNumber } from '../../wire/whole-number-field.ts';
import type { BackgroundRuns } from '../background-runs.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';

const name = z.string().min(1).max(256);
/** The id of a response; in `next`, with the time that gives its place in the list. */
const place = z
  .string()
  .regex(/^[\w-]{1,64}(?:@\d{4}-\d\d-\d\dT[\d:.]{8,16}Z)?$/, "must be an 'id', or what was 'next'");
const listSchema = z.strictObject({
  limit: wholeNumber.pipe(z.int().min(1).max(100)).default(20),
  before: place.optional(),
  token: name.optional(),
});
const tokenSchema = z.strictObject({ token: name.optional() });

export interface ResponseHandlers {
  readonly list: Handler;
  readonly show: Handler;
  readonly remove: Handler;
}

export interface ResponseHandlersOptions {
  readonly conversations: ConversationStore;
  readonly auth: Pick<Auth, 'show'>;
  readonly trail: Pick<AuditTrail, 'record'>;
  readonly runs: Pick<BackgroundRuns, 'forget'>;
  /** How long a response is kept that no newer one continues. */
  readonly responseDays: number;
}

/**
 * `/api/v1/responses`: stored chats. A token sees and deletes its own and those of tokens derived from it. With
 * `token`, an administrator of that token lists and deletes its responses, but cannot read their content.
 */
export function createResponseHandlers(options: ResponseHandlersOptions): ResponseHandlers {
  const { conversations, auth, trail, runs, responseDays } = options;
  const scopeOf = async (
    context: RequestContext,
    token: string | undefined,
    action: 'tokens:read' | 'tokens:write',
  ): Promise<TurnScope> => {
    const { principal } = context.auth;
    requireAction(context, token === undefined ? 'chat' : action);
    if (token === undefined) return turnsOf(principal);
    await auth.show(token, principal);
    return { owner: token, ...(principal.project === undefined ? {} : { project: principal.project }) };
  };

  /** The place in the list that `before` names: of a response that was deleted meanwhile, too. */
  const placeOf = async (before: string, scope: TurnScope): Promise<Pick<TurnHead, 'createdAt' | 'id'>> => {
    const [id = '', createdAt] = before.split('@');
    if (createdAt !== undefined) return { id, createdAt };
    const turn = await reachStore(() => conversations.find(id, scope));
    if (turn === undefined) throw notFound(id);
    return turn;
  };

  return {
    list: async (context) => {
      const { limit, before, token } = validateBody(listSchema, context.query);
      const scope = await scopeOf(context, token, 'tokens:read');
      const from = before === undefined ? {} : { before: await placeOf(before, scope) };
      // Anonymous callers cannot be distinguished from each other: each knows its responses by their ids alone.
      const isStranger = token === undefined && context.auth.principal.kind === 'anonymous';
      const turns = isStranger ? [] : await reachStore(() => conversations.list(scope, { limit: limit + 1, ...from }));
      const shown = turns.slice(0, limit);
      const last = turns.length > limit ? shown.at(-1) : undefined;
      return json({
        responses: shown.map((turn) => renderTurnHead(turn, responseDays)),
        next: last === undefined ? null : `${last.id}@${last.createdAt}`,
      });
    },
    show: async (context) => {
      requireAction(context, 'chat');
      const { id = '' } = context.params;
      const turn = await reachStore(() => conversations.find(id, turnsOf(context.auth.principal)));
      if (turn === undefined) throw notFound(id);
      return json(renderTurn(turn, responseDays));
    },
    remove: async (context) => {
      const { id = '' } = context.params;
      const scope = await scopeOf(context, validateBody(tokenSchema, context.query).token, 'tokens:write');
      if ((await reachStore(() => conversations.find(id, scope))) === undefined) throw notFound(id);
      const { principal } = context.auth;
      const entry = {
        type: 'response.deleted',
        actor: toActor(principal),
        subject: id,
        details: { token: scope.owner },
      };
      let deleted = 0;
      await recordAct(
        trail.record,
        { ...entry, ...(principal.project === undefined ? {} : { project: principal.project }) },
        async (transaction) => {
          deleted = await reachStore(() => conversations.remove(id, scope, transaction));
          return deleted > 0;
        },
        conversations.database,
      );
      if (deleted === 0) throw notFound(id);
      await runs.forget(id, scope);
      return json({ id, deleted });
    },
  };
}

function requireAction({ auth }: RequestContext, action: 'chat' | 'tokens:read' | 'tokens:write'): void {
  const decision = auth.decide({ action });
  if (!decision.allowed) throw new PermissionDeniedError(decision);
}

const notFound = (id: string): ServerError =>
  new ServerError('NOT_FOUND', `There is no stored response '${id.slice(0, 64)}' of yours.`);
