import type { Revocation, RevokeAllInput, RotateInput } from '@latchkey/auth-core';
import type { EditInput, GrantWarning, IssueInput, TokenInfo } from '@latchkey/auth-core/llm';
import type { ImportOutcome, ImportRequest } from '../../state/import-keys.ts';

/** Warnings: likely mistakes in a new grant, and that no administrator's token is left. */
export interface Warned {
  readonly warnings?: readonly GrantWarning[];
}

/** A token's details, with its text if that may be shown. */
export type SeenToken = TokenInfo & { readonly token?: string };

/** A token that was just created, or has a new secret. */
export type NewToken = TokenInfo & Warned & { readonly token: string };

/**
 * A token that was revoked, and whether that is stored. If not, the server denies the token and keeps trying to store
 * it.
 */
export type EndedToken = Partial<TokenInfo> & Warned & Pick<Revocation, 'id' | 'stored'>;

/** The tokens that were revoked together. */
export interface EndedTokens extends Warned {
  readonly revoked: readonly EndedToken[];
}

/** A new token; its budget is in money, such as `20 EUR`, at the prices of the server. */
export type TokenInput = IssueInput & { readonly budget?: { readonly perMonth: string } };

/** The operations behind the token commands, over HTTP or on the database itself. */
export interface TokenAdministration {
  create(input: TokenInput): Promise<NewToken>;
  list(filter: RevokeAllInput): Promise<readonly TokenInfo[]>;
  show(id: string): Promise<SeenToken>;
  edit(id: string, changes: EditInput): Promise<TokenInfo & Warned>;
  rotate(id: string, input: RotateInput): Promise<NewToken>;
  revoke(id: string): Promise<EndedToken>;
  revokeAll(filter: RevokeAllInput): Promise<EndedTokens>;
  /** Removes a token that was revoked or has expired. */
  remove(id: string): Promise<TokenInfo>;
  /** Imports keys of an earlier system, or says what would become of each. */
  importKeys(request: ImportRequest): Promise<readonly ImportOutcome[]>;
}
