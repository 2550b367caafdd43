import type { Reply } from './reply.ts';
import type { RequestContext } from './request-context.ts';

/** What an endpoint does with a request that has passed all steps. */
export type Handler = (context: RequestContext) => Promise<Reply>;

/** Something that happens to a request on its way to the handler: it answers itself, throws, or asks what is next. */
export type Step = (context: RequestContext, next: () => Promise<Reply>) => Promise<Reply>;

/** A step that lets the request pass or throws. */
export type Guard = (context: RequestContext) => Promise<void> | void;

/** A guard as one of the steps. */
export const guardedBy =
  (guard: Guard): Step =>
  async (context, next) => {
    await guard(context);
    return next();
  };

/** Puts steps before a handler, the first one outermost. */
export const composeSteps = (steps: readonly Step[], handler: Handler): Handler =>
  steps.reduceRight<Handler>((next, step) => (context) => step(context, () => next(context)), handler);
