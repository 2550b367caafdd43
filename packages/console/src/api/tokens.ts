import { call } from './call.ts';

/** A grant as JSON; the server decides what is valid. */
export type Grant = Readonly<Record<string, unknown>>;

export interface Token {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly notes?: string;
  readonly stub?: string;
  readonly parentId?: string;
  readonly grant: Grant;
  readonly owner: string;
  readonly project?: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  readonly lastUsedAt?: string;
  readonly rotationDue: boolean;
  /** Until when the former secret works too. */
  readonly overlapEndsAt?: string;
}

/** Something in a grant that looks like a mistake. */
export interface Warning {
  readonly path?: string;
  readonly message: string;
}

/** A token with its secret, which is shown once. */
export interface ShownToken extends Token {
  readonly token: string;
  readonly warnings?: readonly Warning[];
}

export interface NewToken {
  readonly name: string;
  readonly kind?: string;
  readonly owner?: string;
  readonly project?: string;
  readonly expiresAt?: string;
  readonly notes?: string;
  readonly grant: Grant;
}

export interface TokenPage {
  readonly tokens: readonly Token[];
  readonly next?: string;
}

const PATH = '/api/v1/tokens';
const PAGE = 500;
const pathOf = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;

export function listTokens(after?: string): Promise<TokenPage> {
  const query = new URLSearchParams({ limit: String(PAGE), ...(after === undefined ? {} : { after }) });
  return call('GET', `${PATH}?${query}`);
}

export const showToken = (id: string): Promise<Token> => call('GET', pathOf(id));

export async function listDerived(id: string): Promise<readonly Token[]> {
  const query = new URLSearchParams({ parentId: id, limit: String(PAGE) });
  return (await call<TokenPage>('GET', `${PATH}?${query}`)).tokens;
}

export const createToken = (token: NewToken): Promise<ShownToken> => call('POST', PATH, { body: token });

export const editToken = (
  id: string,
  changes: { readonly grant: Grant },
): Promise<Token & { readonly warnings?: readonly Warning[] }> => call('PATCH', pathOf(id), { body: changes });

/** Gives a token a new secret; the former one works until the new one is first used, or for so many seconds. */
export const rotateToken = (id: string, overlap: 'until-first-use' | number): Promise<ShownToken> =>
  call('POST', `${pathOf(id)}/rotate`, { body: { overlap } });

export const revokeToken = (id: string): Promise<void> => call('POST', `${pathOf(id)}/revoke`);

export type TokenState = 'active' | 'expired' | 'revoked';

export function stateOf({ revokedAt, expiresAt }: Token, now = Date.now()): TokenState {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && Date.parse(expiresAt) <= now ? 'expired' : 'active';
}

/** A token, and how deep it is below the token that nothing in the list is above. */
export interface TokenNode {
  readonly token: Token;
  readonly depth: number;
}

/** Puts each token below the one that it was derived from. */
export function toTree(tokens: readonly Token[]): readonly TokenNode[] {
  const ids = new Set(tokens.map(({ id }) => id));
  const children = Map.groupBy(tokens, ({ parentId }) => (parentId !== undefined && ids.has(parentId) ? parentId : ''));
  const below = (parent: string, depth: number): TokenNode[] =>
    (children.get(parent) ?? []).flatMap((token) => [{ token, depth }, ...below(token.id, depth + 1)]);
  return below('', 0);
}

/** What is asked of a dry run. */
export interface Question {
  readonly action: string;
  readonly model?: string;
  readonly tool?: { readonly server: string; readonly name?: string; readonly arguments?: unknown };
  /** Decide as if the caller's grants and this one had to allow it. */
  readonly grant?: Grant;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly approval?: boolean;
  /** Why not. */
  readonly message?: string;
}

export const can = (question: Question): Promise<Verdict> => call('POST', '/api/v1/can', { body: question });
