import type { AuditEvent } from '@latchkey/auth-core';
import { z } from 'zod';
import type { AuditTrail } from '../../audit/audit-trail.ts';
import { toActor } from '../../audit/audited-request.ts';
import { recordActs } from '../../audit/record-acts.ts';
import { withoutAbsent } from '../../config/without-absent.ts';
import { list } from '../../input/bounded.ts';
import type { ApprovedTools, PinApprover, PinCaller, PinChoice, ReviewedServer } from '../../tools/review-pins.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

export interface McpPinHandlers {
  /** `GET /api/v1/mcp/servers/:label/pins`; `?start=true` starts the server if it is not running. */
  readonly review: Handler;
  /** `POST /api/v1/mcp/servers/:label/approve`. */
  readonly approve: Handler;
}

type Caller = Pick<PinCaller, 'decide' | 'signal'>;

export interface McpPinSources {
  review(label: string, caller: Caller & { readonly start: boolean }): Promise<ReviewedServer>;
  approve(
    label: string,
    choices: readonly PinChoice[] | undefined,
    caller: Caller & Pick<PinApprover, 'keep'>,
  ): Promise<ApprovedTools>;
}

const querySchema = z.strictObject({ start: z.enum(['true', 'false']).default('false') });

const toolName = z.string().min(1).max(128);
const choiceSchema = z.union([
  toolName.transform((name) => ({ name, fingerprint: undefined })),
  z.strictObject({
    name: toolName,
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
]);
const approveSchema = z.strictObject({ tools: list(choiceSchema, 256, 1).optional() });

/** Shows which definitions of MCP tools are held back, and approves them. The audit log records each approved tool. */
export function createMcpPinHandlers(
  { review, approve }: McpPinSources,
  trail: Pick<AuditTrail, 'record'>,
): McpPinHandlers {
  return {
    review: async ({ query, params, auth, signal }) => {
      const start = validateBody(querySchema, query).start === 'true';
      return json(await review(params.label ?? '', { decide: auth.decide, start, signal }));
    },
    approve: async ({ body, params, auth, signal }) => {
      const { tools } = validateBody(approveSchema, body);
      const choices = tools?.map((choice) => withoutAbsent(choice));
      const describe = ({ id, approved }: ApprovedTools): readonly AuditEvent[] =>
        approved.map(({ name, fingerprint }) => ({
          type: 'tool.approved',
          actor: toActor(auth.principal),
          subject: `${id} ${name}`,
          details: { fingerprint },
        }));
      const keep: PinApprover['keep'] = (approved, act) => recordActs(trail.record, describe(approved), act);
      return json(await approve(params.label ?? '', choices, { decide: auth.decide, signal, keep }));
    },
  };
}
