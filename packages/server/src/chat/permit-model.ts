import { type DeniedDecision, describeDenial } from '@latchkey/auth-core';
import type { AccessRequest, AllowedDecision, Decision } from '@latchkey/auth-core/llm';
import { denialDetails } from '../contracts/denial-details.ts';
import { type ChatField, ServerError } from '../contracts/server-error.ts';

/** The decisions about a caller. */
export interface Decider {
  readonly decide: (request: AccessRequest) => Decision;
}

/** Decides whether the caller may use a model. Throws ServerError `PERMISSION_DENIED`. */
export function permitModel({ decide }: Decider, action: 'chat' | 'embeddings', model: string): AllowedDecision {
  const decision = decide({ action, models: model });
  if (decision.allowed) return decision;
  throw denied(`use model '${model}'`, decision, 'model');
}

/** @param act what is denied, e.g. `use model 'ibm/granite'` */
export const denied = (act: string, decision: DeniedDecision, field: ChatField): ServerError =>
  new ServerError('PERMISSION_DENIED', `Permission denied to ${act}: ${describeDenial(decision)}`, {
    field,
    details: { code: 'AUTH_PERMISSION_DENIED', ...denialDetails(decision) },
  });
