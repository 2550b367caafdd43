import {
  ConflictError,
  GrantNotCoveredError,
  PermissionDeniedError,
  type Principal,
  placeOf,
  type Revocation,
  StoreUnavailableError,
} from '@latchkey/auth-core';
import type { Auth, Grant, GrantWarning, LlmWords, TokenInfo } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { type Budget, budgetField } from '../../config/money.ts';
import type { ServerConfig } from '../../config/schema.ts';
import { withoutAbsent } from '../../config/without-absent.ts';
import { describeBudget, toMoneyLimits } from '../../prices/budgets.ts';
import { warnOfAdministrators } from '../../state/administrators-left.ts';
import { dateTime } from '../../wire/date-time-field.ts';
import { duration } from '../../wire/duration-field.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { wholeNumber } from '../../wire/whole-number-field.ts';
import { answerNotStored, answerRevocation, describeRevocation, inTime, unlessAway } from '../end-tokens.ts';
import { json, type Reply } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';
import { grant, label, notes } from './token-fields.ts';

const rotateAfter = duration({ atLeast: 1 });

const createSchema = z.strictObject({
  name: label,
  kind: z.enum(['api-key', 'custom', 'personal-access', 'legacy', 'place-bound']).optional(),
  grant,
  owner: label.optional(),
  project: label.optional(),
  expiresAt: dateTime.optional(),
  notes: notes.optional(),
  rotateAfter: rotateAfter.optional(),
  secret: z.string().max(1024).optional(),
  force: z.boolean().optional(),
  budget: budgetField.optional(),
});
const editSchema = z.strictObject({
  name: label.optional(),
  notes: notes.nullable().optional(),
  grant: grant.optional(),
  budget: budgetField.optional(),
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

/** Lists what looks like a mistake in a grant; see `reviewGrant` of auth-core. */
export type ReviewGrant = (grant: Grant) => Promise<readonly GrantWarning[]>;

interface Warned {
  readonly warnings?: readonly GrantWarning[];
}

/**
 * `/api/v1/tokens`: a caller creates, sees and changes only what its own authority covers, which auth-core enforces.
 */
export function createTokenHandlers(
  auth: Auth,
  review: ReviewGrant,
  prices: ServerConfig['prices'],
  clock: () => Date,
): TokenHandlers {
  /** A budget in money is written as limits of the grant. */
  const withBudget = (wanted: Grant, budget: Budget): Grant => ({
    ...wanted,
    limits: { ...wanted.limits, ...toMoneyLimits(budget, prices, 'budget') },
  });
  /** A token as it is shown: with its budget in words, where it has one. */
  const shown = <T extends TokenInfo>(record: T): T & { readonly budget?: Readonly<Record<string, string>> } => ({
    ...record,
    ...withoutAbsent({ budget: describeBudget(record.grant.limits, prices?.currency) }),
  });

  /** Warnings about a grant that was just written. */
  const warningsOf = async (written: boolean, { grant: parsed }: TokenInfo): Promise<Warned> => {
    return asWarned(written ? await review(parsed) : []);
  };

  /** Warns when no administrator is left; returns no warning while the database does not answer. */
  const administratorsAfter = async (...changed: readonly (TokenInfo | undefined)[]): Promise<Warned> => {
    const known = changed.filter((token) => token !== undefined);
    return asWarned((await unlessAway(() => warnOfAdministrators(auth, known, clock()))) ?? []);
  };

  async function answerEnd(revocation: Revocation<LlmWords>): Promise<Reply> {
    return answerRevocation(revocation, revocation.stored ? await administratorsAfter(revocation.token) : {});
  }

  /** Adds the secret of a legacy token, the only kind that its owner may see again; any other caller gets no secret. */
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
    create: async (context) => {
      const { rotateAfter, budget, ...body } = validateBody(createSchema, context.body);
      const input = { ...withoutAbsent(body), ...withoutAbsent({ rotateAfterSeconds: rotateAfter }) };
      const granted = budget === undefined ? body.grant : withBudget(body.grant, budget);
      const { record, token } = await auth.issue({ ...input, name: body.name, grant: granted }, whoAsks(context));
      return json({ ...shownOnce(shown(record), token), ...(await warningsOf(true, record)) }, 201);
    },
    list: async (context) => {
      const { limit, ...filter } = validateBody(listSchema, context.query);
      // One more than the limit, to find out whether there is another page.
      const found = await auth.list(whoAsks(context), { ...withoutAbsent(filter), limit: limit + 1 });
      const tokens = found.slice(0, limit).map(shown);
      const last = tokens.at(-1);
      return json({ tokens, ...(found.length > limit && last && { next: placeOf(last) }) });
    },
    show: async (context) => {
      const by = whoAsks(context);
      const record = await auth.show(tokenId(context), by);
      return json({ ...shown(record), ...(await reveal(record, by)) });
    },
    edit: async (context) => {
      const { rotateAfter, budget, ...body } = validateBody(editSchema, context.body);
      const id = tokenId(context);
      const granted =
        budget === undefined
          ? body.grant
          : withBudget(body.grant ?? (await auth.show(id, whoAsks(context))).grant, budget);
      const changes = {
        ...withoutAbsent({ ...body, grant: granted }),
        ...withoutAbsent({ rotateAfterSeconds: rotateAfter }),
      };
      const mayNarrow = granted !== undefined || body.expiresAt !== undefined;
      const before = mayNarrow ? await auth.show(id, auth.operator()).catch(() => undefined) : undefined;
      const edited = await auth.edit(id, changes, whoAsks(context));
      const { warnings = [] } = await warningsOf(granted !== undefined, edited);
      const { warnings: more = [] } = await administratorsAfter(before);
      return json({ ...shown(edited), ...asWarned([...warnings, ...more]) });
    },
    rotate: async (context) => {
      const { overlap, ...body } = validateBody(rotateSchema, context.body);
      const input = {
        ...withoutAbsent(body),
        ...withoutAbsent({ overlap: typeof overlap === 'number' ? { seconds: overlap } : overlap }),
      };
      const { record, token } = await auth.rotate(tokenId(context), input, whoAsks(context));
      return json({ ...shownOnce(record, token), ...(await administratorsAfter(record)) });
    },
    revoke: async (context) => answerEnd(await auth.revoke(tokenId(context), whoAsks(context))),
    remove: async (context) => {
      const [id, by] = [tokenId(context), whoAsks(context)];
      try {
        const removed = await inTime(() => auth.remove(id, by));
        return json({ ...removed, deleted: true });
      } catch (error) {
        // A token that still works is revoked first; the next request deletes it.
        if (!(error instanceof ConflictError || error instanceof StoreUnavailableError)) throw error;
        return answerEnd(await auth.revoke(id, by));
      }
    },
    revokeAll: async (context) => {
      const body = validateBody(revokeAllSchema, context.body);
      const revoked = await auth.revokeAll(withoutAbsent(body), whoAsks(context));
      const answer = { revoked: revoked.map(describeRevocation) };
      if (!revoked.every(({ stored }) => stored)) return answerNotStored(answer);
      return json({ ...answer, ...(await administratorsAfter(...revoked.map(({ token }) => token))) });
    },
    revokeSelf: async (context) => answerEnd(await auth.revokeSelf(whoAsks(context))),
  };
}

const asWarned = (warnings: readonly GrantWarning[]): Warned => (warnings.length === 0 ? {} : { warnings });
const tokenId = ({ params }: RequestContext): string => params.id ?? '';
const whoAsks = ({ auth }: RequestContext): Principal => auth.principal;

/** The id and the secret come first, since the secret is shown only once. */
function shownOnce({ id, ...record }: TokenInfo, token: string) {
  return { id, token, ...record };
}
