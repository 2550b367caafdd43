import type { AuditEvent, Principal } from '@latchkey/auth-core';
import type { Approval, ApprovalEvent } from '@latchkey/client';
import { z } from 'zod';
import type { ApprovalDesk, MayDecide } from '../../approvals/approval-desk.ts';
import type { AuditTrail } from '../../audit/audit-trail.ts';
import { toActor } from '../../audit/audited-request.ts';
import { withoutAbsent } from '../../config/without-absent.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { dictionary } from '../../input/bounded.ts';
import { toApprovedAccess } from '../../tools/ephemeral-servers.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { prefersEvents } from '../prefers-events.ts';
import { events, json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import { toFrame } from '../sse.ts';
import type { Handler } from '../step.ts';

const answerSchema = z.strictObject({
  decision: z.enum(['approve', 'deny']),
  arguments: dictionary(z.unknown(), 4096).optional(),
});

export interface ApprovalHandlers {
  readonly list: Handler;
  readonly show: Handler;
  readonly decide: Handler;
}

/**
 * `GET /api/v1/approvals`, `GET` and `POST /api/v1/approvals/:id`. A caller sees the calls that it may decide about:
 * those that its own grants allow, with their arguments, in the project that it acts for.
 */
export function createApprovalHandlers(desk: ApprovalDesk, trail: Pick<AuditTrail, 'record'>): ApprovalHandlers {
  return {
    list: async (context) => {
      const mayDecide = mayDecideAs(context);
      if (prefersEvents(context.get('accept'))) return events(frames(desk.watch(mayDecide, context.signal)));
      return json({ approvals: await desk.list(mayDecide) });
    },
    show: async (context) => {
      const { id = '' } = context.params;
      return json({ id, state: await desk.stateOf(id, mayDecideAs(context)) });
    },
    decide: async (context) => {
      const { principal } = context.auth;
      const { decision, ...body } = validateBody(answerSchema, context.body);
      const answer = { decision, ...withoutAbsent(body) };
      if (decision === 'deny' && answer.arguments !== undefined) throw argumentsOfADenial();
      const describe = ({ id, server, tool, token, project }: Approval): AuditEvent => ({
        type: decision === 'approve' ? 'approval.approved' : 'approval.denied',
        actor: toActor(principal),
        subject: `${server} ${tool}`,
        ...(project === null ? {} : { project }),
        details: { approval: id, token: token.id, ...(answer.arguments === undefined ? {} : { changed: true }) },
      });
      const decider = {
        id: principal.id,
        mayDecide: mayDecideAs(context),
        audit: trail.record,
        describe,
      };
      const approval = await desk.decide(context.params.id ?? '', answer, decider);
      // With 202, the call is made or refused when its caller returns.
      return json({ ...approval, ...answer }, approval.caller === 'away' ? 202 : 200);
    },
  };
}

const mayDecideAs =
  ({ auth: { principal, decide } }: RequestContext): MayDecide =>
  ({ server, tool, project, ...call }) =>
    // A caller that acts for a project decides for that one; a caller without a project has no grant bound to projects.
    (principal.project === undefined || principal.project === project) &&
    !isDerivedFrom(principal, call.token.id) &&
    decide({ action: 'approvals:decide', ...toApprovedAccess(server, tool, call) }).allowed;

/** A program that asks could give a token of its own to whatever is to agree. */
const isDerivedFrom = ({ id, chain }: Principal, token: string): boolean => id !== token && chain.includes(token);

const argumentsOfADenial = (): ServerError =>
  new ServerError('INVALID_REQUEST', "'arguments' go with the decision 'approve' only.", { param: 'arguments' });

async function* frames(events: AsyncIterable<ApprovalEvent>): AsyncGenerator<string> {
  // The first frame is sent at once, so that the client receives the headers.
  yield ': watching\n\n';
  for await (const event of events) yield toFrame({ name: event.type, data: JSON.stringify(event) });
}
