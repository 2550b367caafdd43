import type { AuditLog } from '@latchkey/auth-core';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { dateTime } from '../../wire/date-time-field.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { wholeNumber } from '../../wire/whole-number-field.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

const name = z.string().min(1).max(256);

const querySchema = z.strictObject({
  after: wholeNumber.default(0),
  limit: wholeNumber.pipe(z.int().min(1).max(1000)).default(100),
  type: name.optional(),
  actor: name.optional(),
  project: name.optional(),
  since: dateTime.optional(),
  until: dateTime.optional(),
});

/**
 * `GET /api/v1/audit`: entries of the audit log, oldest first. Passing the answer's `next` as `after` of the next
 * request skips no entry. A caller that acts for a project sees only that project's entries.
 */
export const createAuditHandler =
  (log: Pick<AuditLog, 'list'>): Handler =>
  async ({ query, auth }) => {
    const { actor, project, after, limit, ...rest } = validateBody(querySchema, query);
    // A caller that acts for a project sees that one; a caller without a project has no grant bound to projects.
    const its = auth.principal.project;
    const isForeign = its !== undefined && project !== undefined && project !== its;
    const filter = withoutAbsent({ ...rest, actorId: actor, project: its ?? project });
    const entries = isForeign ? [] : await log.list({ ...filter, after, limit });
    return json({ entries, next: entries.at(-1)?.seq ?? after });
  };
