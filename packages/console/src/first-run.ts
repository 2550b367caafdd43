import { type Identity, mayDo } from './api/identity.ts';
import { listTokens } from './api/tokens.ts';

const PLACE = 'latchkey.first-steps';

/** Whether the first steps were finished, or left out, in this browser. */
export const hasFinishedFirstSteps = (): boolean => localStorage.getItem(PLACE) === 'finished';

export const finishFirstSteps = (): void => localStorage.setItem(PLACE, 'finished');

/** Whether the caller begins with the first steps: it administers, and no other token was made yet. */
export async function beginsWithFirstSteps(identity: Identity): Promise<boolean> {
  if (hasFinishedFirstSteps() || !mayDo(identity, 'tokens:write') || !mayDo(identity, 'tokens:read')) return false;
  try {
    return (await listTokens()).tokens.every(({ id }) => id === identity.id);
  } catch {
    return false;
  }
}
