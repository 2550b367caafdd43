import { type AuditLog, type Principal, placeOf } from '@latchkey/auth-core';
import type { Auth, TokenInfo } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { FINDING_KINDS } from '../../hygiene/finding.ts';
import { DAY_MILLISECONDS, IDLE_DAYS, narrowedGrant, reviewTokens } from '../../hygiene/review-tokens.ts';
import { type NamedTool, readToolUses, type ToolUses } from '../../hygiene/tool-uses.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';

const PAGE = 500;
/** Of each kind so many findings are sent, or all that can be asked for by kind. */
const EACH = 100;
const MOST = 1000;

const querySchema = z.strictObject({
  kind: z.enum(FINDING_KINDS).optional(),
  token: z.string().min(1).max(128).optional(),
});

export interface TokenDoctorSources {
  readonly auth: Pick<Auth, 'list'>;
  readonly log: Pick<AuditLog, 'list'>;
  /** The tools that the MCP servers have listed, running or not. */
  readonly knownTools: () => Promise<readonly NamedTool[]>;
  readonly clock: () => Date;
}

/**
 * `GET /api/v1/token-doctor`: what the operator of tokens should look at, of the tokens that the caller may list. Which
 * tools were called is in the audit log, so a caller without `audit:read` for all projects learns nothing of it. With
 * `token`, the findings of that one, and its grant narrowed to the tools that it has called.
 */
export function createTokenDoctorHandler({ auth, log, knownTools, clock }: TokenDoctorSources): Handler {
  return async (context) => {
    const { kind, token: id } = validateBody(querySchema, context.query);
    const now = clock();
    const tokens = await listAll(auth, context.auth.principal);
    const since = new Date(now.getTime() - IDLE_DAYS * DAY_MILLISECONDS).toISOString();
    const uses = mayReadAudit(context) ? await readToolUses(log, tokens, since) : undefined;
    const tools = uses === undefined ? [] : await knownTools();
    const all = reviewTokens({ tokens, now, uses, tools });
    const wanted = all.filter(
      (one) => (kind === undefined || one.kind === kind) && (id === undefined || one.token.id === id),
    );
    const counts = Object.fromEntries(
      FINDING_KINDS.map((one) => [one, all.filter(({ kind: found }) => found === one).length]),
    );
    const most = kind === undefined ? EACH : MOST;
    return json({
      tokens: tokens.length,
      toolCallsSince: uses?.since ?? null,
      counts,
      findings: FINDING_KINDS.flatMap((one) => wanted.filter(({ kind: found }) => found === one).slice(0, most)),
      ...(id === undefined
        ? {}
        : narrowed(
            tokens.find((one) => one.id === id),
            uses,
            now,
          )),
    });
  };
}

function narrowed(token: TokenInfo | undefined, uses: ToolUses | undefined, now: Date): object {
  const grant = token === undefined || uses === undefined ? undefined : narrowedGrant(token, uses, now);
  return withoutAbsent({ narrowed: grant });
}

async function listAll(auth: Pick<Auth, 'list'>, principal: Principal): Promise<readonly TokenInfo[]> {
  const tokens: TokenInfo[] = [];
  for (let after: string | undefined; ; ) {
    const page = await auth.list(principal, { limit: PAGE, ...withoutAbsent({ after }) });
    tokens.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return tokens;
    after = placeOf(last);
  }
}

/** A caller that acts for a project sees the entries of that one only, and so not all calls of a token. */
const mayReadAudit = ({ auth: { principal, decide } }: RequestContext): boolean =>
  principal.project === undefined && decide({ action: 'audit:read' }).allowed;
