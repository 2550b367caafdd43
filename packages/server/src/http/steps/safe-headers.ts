import type { Step } from '../step.ts';

/**
 * Answers are for one caller, and not every cache knows that a header made them so; what is for everybody says so. They are
 * what their type says, and no page of another origin embeds them.
 */
export const safeHeaders: Step = (context, next) => {
  Object.assign(context.replyHeaders, {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
  });
  return next();
};
