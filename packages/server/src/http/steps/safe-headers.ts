import type { Step } from '../step.ts';

/**
 * Forbids caching, since answers depend on the caller's token and some caches ignore that; public answers override
 * this. Also forbids type sniffing and embedding by pages of other origins.
 */
export const safeHeaders: Step = (context, next) => {
  Object.assign(context.replyHeaders, {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
  });
  // The address of a place has its token in it.
  if (context.place !== undefined) context.replyHeaders['Referrer-Policy'] = 'no-referrer';
  return next();
};
