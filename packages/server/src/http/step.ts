import type { Reply } from './reply.ts';
import type { RequestContext } from './request-context.ts';

/** Handles a request that has passed all steps. */
export type Handler = (context: RequestContext) => Promise<Reply>;

/** A step before the handler: it answers the request itself, throws, or calls `next`. */
export type Step = (context: RequestContext, next: () => Promise<Reply>) => Promise<Reply>;

/** A step that lets the request pass or throws. */
export type Guard = (context: RequestContext) => Promise<void> | void;

/** Turns a guard into a step. */
export const guardedBy =
  (guard: Guard): Step =>
  async (context, next) => {
    await guard(context);
    return next();
  };

/** Composes steps around a handler; the first step is the outermost. */
export const composeSteps = (steps: readonly Step[], handler: Handler): Handler =>
  steps.reduceRight<Handler>((next, step) => (context) => step(context, () => next(context)), handler);
