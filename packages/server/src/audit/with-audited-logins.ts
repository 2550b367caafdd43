import type { Auth } from '@latchkey/auth-core/llm';
import type { AuditTrail } from './audit-trail.ts';

/** The same `Auth`, which tells of each token that it refuses, wherever the token was presented. */
export function withAuditedLogins(auth: Auth, trail: Pick<AuditTrail, 'identify' | 'refused'>): Auth {
  return {
    ...auth,
    verify: async (text) => {
      try {
        const principal = await auth.verify(text);
        trail.identify(principal);
        return principal;
      } catch (error) {
        trail.refused(error);
        throw error;
      }
    },
  };
}
