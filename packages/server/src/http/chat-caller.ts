import type { ChatCaller } from '../chat/prepare-chat.ts';
import type { RequestContext } from './request-context.ts';
import { toServerError } from './to-server-error.ts';

/** The caller of a chat: its principal, its decisions, and the tokens that its limits leave. */
export function toChatCaller({ auth, admission, ended }: RequestContext): ChatCaller {
  return {
    principal: auth.principal,
    decide: auth.decide,
    ended,
    tokenLimits: admission.states.filter(({ name }) => name === 'tokensPerDay' || name === 'tokensPerMonth'),
    reserveTokens: async (wanted, least) => {
      try {
        return await admission.reserve('tokens', wanted, least);
      } catch (error) {
        throw toServerError(error);
      }
    },
  };
}
