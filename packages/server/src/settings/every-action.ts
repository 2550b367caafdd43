import type { Principal } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';

const EVERYTHING: Grant = { actions: ['*'], models: ['*'] };

/** Whether a principal may do everything: all actions and all models, in every project and without conditions. */
export function mayDoEverything({ authority, project }: Principal): boolean {
  const own = authority.filter(({ id }) => id !== 'policy');
  const mayAll = authority.every(({ grant }) => grant.actions.includes('*')) && llm.covers(own, EVERYTHING).covered;
  return mayAll && project === undefined;
}
