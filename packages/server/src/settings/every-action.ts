import { covers, type Grant, type Principal } from '@latchkey/auth-core';

const EVERYTHING: Grant = { actions: ['*'], models: ['*'] };

/** Whether nothing is denied to somebody: no action and no model, in every project and without conditions. */
export function mayDoEverything({ authority, project }: Principal): boolean {
  const own = authority.filter(({ id }) => id !== 'policy');
  const mayAll = authority.every(({ grant }) => grant.actions.includes('*')) && covers(own, EVERYTHING).covered;
  return mayAll && project === undefined;
}
