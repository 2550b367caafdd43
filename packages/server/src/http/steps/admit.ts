import type { Admission } from '@latchkey/auth-core';
import { rateLimitHeaders } from '@latchkey/auth-core/http';
import type { Meter } from '@latchkey/auth-core/llm';
import { unlessAway } from '../end-tokens.ts';
import type { RequestContext } from '../request-context.ts';
import type { Route } from '../route.ts';
import type { Guard } from '../step.ts';

/**
 * Counts a request against its caller's limits, and adds the headers that state what is left. Its place among the
 * concurrent requests is released when the exchange, and any work that goes on after it, has ended.
 */
export function createAdmission(meter: Pick<Meter, 'admit'>): (route: Pick<Route, 'ends'>) => Guard {
  const admit = async (context: RequestContext): Promise<void> => {
    const admission = await meter.admit(context.auth.principal);
    if (admission.holdsPlace) context.onEnd(() => void release(context, admission));
    context.admitted = admission;
    Object.assign(context.replyHeaders, rateLimitHeaders(admission.states));
  };
  /** Revoking a token must not wait for the store that counts requests. */
  const admitUnlessAway: Guard = async (context) => {
    await unlessAway(() => admit(context));
  };
  return ({ ends }) => (ends === undefined ? admit : admitUnlessAway);
}

async function release(context: RequestContext, admission: Admission): Promise<void> {
  await context.workEnded();
  await admission.release();
}
