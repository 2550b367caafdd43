import type { Reservation } from '@latchkey/auth-core';
import type { ChatCaller } from '../chat/prepare-chat.ts';
import type { RequestContext } from './request-context.ts';
import { toServerError } from './to-server-error.ts';

/** The caller of a chat: its principal, its decisions, and the tokens that its limits leave. */
export function toChatCaller(context: RequestContext): ChatCaller {
  const { auth, admission, ended } = context;
  const reserve = async (unit: 'tokens' | 'money', wanted: number, least: number): Promise<Reservation> => {
    try {
      return await admission.reserve(unit, wanted, least);
    } catch (error) {
      throw toServerError(error);
    }
  };
  return {
    principal: auth.principal,
    decide: auth.decide,
    ended,
    goesOnUntil: (work) => context.goesOnUntil(work),
    tokenLimits: admission.states.filter(({ name }) => name === 'tokensPerDay' || name === 'tokensPerMonth'),
    reserveTokens: (wanted, least) => reserve('tokens', wanted, least),
    money: {
      limits: admission.states.filter(({ unit }) => unit === 'money'),
      reserve: (wanted, least) => reserve('money', wanted, least),
    },
  };
}
