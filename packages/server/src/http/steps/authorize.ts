import { PermissionDeniedError } from '@latchkey/auth-core';
import type { Action } from '@latchkey/auth-core/llm';
import type { Guard } from '../step.ts';

/** Lets a request pass only if its caller's grants all allow the action. */
export const authorize =
  (action: Action): Guard =>
  ({ auth }) => {
    const decision = auth.decide({ action });
    if (!decision.allowed) throw new PermissionDeniedError(decision);
  };
