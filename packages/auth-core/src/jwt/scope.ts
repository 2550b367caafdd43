import type { Action, Words } from '../authority/vocabulary.ts';

/** An action, or `*` for all of them. */
export type Scope<W extends Words = Words> = Action<W> | '*';

/**
 * The actions that every grant of an authority allows: what OAuth calls its scope (RFC 6749 section 3.3). It says
 * nothing of resources or limits; `decide` does.
 *
 * @example
 * ```ts
 * import { scopeOf } from '@latchkey/auth-core/jwt';
 *
 * const grants = [{ actions: ['*'] }, { actions: ['invoices:read', 'invoices:write'] }, { actions: ['invoices:read'] }];
 * console.log(scopeOf(grants.map((grant) => ({ grant })))); // [ 'invoices:read' ]
 * ```
 */
export function scopeOf<W extends Words = Words>(
  authority: readonly { readonly grant: { readonly actions: readonly Scope<W>[] } }[],
): readonly Scope<W>[] {
  return authority
    .map(({ grant }) => grant.actions)
    .reduce<readonly Scope<W>[]>(
      (all, own) => (own.includes('*') ? all : all.includes('*') ? own : all.filter((one) => own.includes(one))),
      ['*'],
    );
}
