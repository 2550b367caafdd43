import type { Grant } from '../authority/grant.ts';

/** An action, or `*` for every one of them. */
export type Scope = Grant['actions'][number];

/**
 * The actions that every grant of an authority allows: what OAuth calls its scope (RFC 6749 section 3.3). It says nothing
 * of models, tools or limits; `decide` does.
 *
 * @example
 * ```ts
 * import { parseGrant } from '@latchkey/auth-core';
 * import { scopeOf } from '@latchkey/auth-core/jwt';
 *
 * const grants = [{ actions: ['*'] }, { actions: ['chat', 'embeddings'] }, { actions: ['chat'] }];
 * console.log(scopeOf(grants.map((grant) => ({ grant: parseGrant(grant) })))); // [ 'chat' ]
 * ```
 */
export function scopeOf(authority: readonly { readonly grant: Pick<Grant, 'actions'> }[]): readonly Scope[] {
  return authority
    .map(({ grant }) => grant.actions)
    .reduce<readonly Scope[]>(
      (all, own) => (own.includes('*') ? all : all.includes('*') ? own : all.filter((one) => own.includes(one))),
      ['*'],
    );
}
