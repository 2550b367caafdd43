import type { Revocation, RevokeAllInput, RotateInput } from '@latchkey/auth-core';
import {
  type Auth,
  type EditInput,
  type Grant,
  type GrantWarning,
  type IssueInput,
  type LlmWords,
  reviewGrant,
  type TokenInfo,
} from '@latchkey/auth-core/llm';
import { withoutAbsent } from '../../config/without-absent.ts';
import { warnOfAdministrators } from '../../state/administrators-left.ts';
import type { EarlierKeys } from '../../state/earlier-keys.ts';
import { type ImportOutcome, type ImportRequest, importKeys } from '../../state/import-keys.ts';
import { resolveRealPath } from '../../state/real-path.ts';
import type { ApiClient } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { type ConnectionFlags, connect } from '../connection.ts';
import { findClosedFolder, openInstallation } from '../open-installation.ts';

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

/**
 * Runs `use` on a running server, or, with `--data` and no server on that folder, on the database itself, as the
 * operator.
 */
export async function withTokenAdministration<T>(
  flags: ConnectionFlags,
  environment: Readonly<Record<string, string | undefined>>,
  use: (tokens: TokenAdministration) => Promise<T>,
): Promise<T> {
  const data = await findClosedFolder(flags);
  if (data === undefined) return use(overHttp(connect(flags, environment)));
  await using opened = new AsyncDisposableStack();
  const { auth, earlier } = await openInstallation({ data, environment }, opened);
  return await use(asOperator(auth, earlier));
}

/** Reviews a grant on its own: without a server, its models and MCP servers are not known. */
function review(grant: Grant): readonly GrantWarning[] {
  return reviewGrant(grant, {
    now: new Date(),
    resolvePath: (path) => resolveRealPath(path, { hardLinks: true, spend: () => undefined }),
  });
}

const asWarned = (warnings: readonly GrantWarning[]): Warned => (warnings.length === 0 ? {} : { warnings });

function asOperator(auth: Auth, earlier: EarlierKeys): TokenAdministration {
  const operator = auth.operator();
  const administratorsAfter = (...changed: readonly TokenInfo[]) => warnOfAdministrators(auth, changed, new Date());
  return {
    create: async ({ budget, ...input }) => {
      if (budget !== undefined) throw new CommandError('--budget needs a running server, which has the prices.');
      const { token, record } = await auth.issue(input, operator);
      return { ...record, token, ...asWarned(review(record.grant)) };
    },
    list: (filter) => auth.list(operator, filter),
    show: async (id) => {
      const record = await auth.show(id, operator);
      const isShownAgain =
        record.kind === 'legacy' && record.owner === operator.owner && record.revokedAt === undefined;
      return isShownAgain ? { ...record, token: await auth.reveal(id, operator) } : record;
    },
    edit: async (id, changes) => {
      const before = await auth.show(id, operator);
      const edited = await auth.edit(id, changes, operator);
      const reviewed = changes.grant === undefined ? [] : review(edited.grant);
      return { ...edited, ...asWarned([...reviewed, ...(await administratorsAfter(before))]) };
    },
    rotate: async (id, input) => {
      const { token, record } = await auth.rotate(id, input, operator);
      return { ...record, token, ...asWarned(await administratorsAfter(record)) };
    },
    revoke: async (id) => {
      const revocation = await auth.revoke(id, operator);
      const ended = storedOf(revocation);
      return { ...ended, ...asWarned(await administratorsAfter(...(revocation.token ? [revocation.token] : []))) };
    },
    revokeAll: async (filter) => {
      const revocations = await auth.revokeAll(filter, operator);
      const revoked = revocations.map(storedOf);
      const tokens = revocations.flatMap(({ token }) => (token === undefined ? [] : [token]));
      return { revoked, ...asWarned(await administratorsAfter(...tokens)) };
    },
    remove: (id) => auth.remove(id, operator),
    importKeys: (request) => importKeys(auth, earlier, request, operator),
  };
}

/** Fails when a revocation is not stored: no process retries after the command ends. */
function storedOf({ token, ...revocation }: Revocation<LlmWords>): EndedToken {
  if (!revocation.stored) {
    throw new CommandError(
      `Token ${revocation.id} is not revoked: the database of the data folder could not be written. See whether its disk is full, and try again.`,
    );
  }
  return { ...token, ...revocation };
}

/** Tokens as a running server administers them. */
export function overHttp(api: ApiClient): TokenAdministration {
  const path = (id: string, act = ''): string => `/api/v1/tokens/${encodeURIComponent(id)}${act}`;
  const json = async <T>(method: string, at: string, body?: unknown): Promise<T> =>
    (await api.request(method, at, body)).json() as Promise<T>;
  return {
    create: (input) => json('POST', '/api/v1/tokens', inWireTerms(input)),
    list: async (filter) => {
      const tokens: TokenInfo[] = [];
      for (let after: string | undefined; ; ) {
        const query = new URLSearchParams({ ...filter, ...withoutAbsent({ after }) }).toString();
        const page = await json<{ tokens: TokenInfo[]; next?: string }>('GET', `/api/v1/tokens?${query}`);
        tokens.push(...page.tokens);
        if (page.next === undefined) return tokens;
        after = page.next;
      }
    },
    show: (id) => json('GET', path(id)),
    edit: (id, changes) => json('PATCH', path(id), inWireTerms(changes)),
    rotate: (id, { overlap, ...input }) =>
      json('POST', path(id, '/rotate'), { ...input, overlap: typeof overlap === 'object' ? overlap.seconds : overlap }),
    revoke: (id) => json('POST', path(id, '/revoke')),
    revokeAll: (filter) => json('POST', '/api/v1/tokens/revoke', filter),
    remove: (id) => json('DELETE', path(id)),
    importKeys: async ({ keys, hash, dryRun }) => {
      const outcomes: ImportOutcome[] = [];
      for (const batch of inBatches(keys.map(inWireTerms))) {
        const body = { hash, dryRun, keys: batch };
        const answer = await json<{ keys: readonly ImportOutcome[] }>('POST', '/api/v1/tokens/import', body);
        outcomes.push(...answer.keys);
      }
      return outcomes;
    },
  };
}

/** Renames the one field that has another name in the API than in the library. */
function inWireTerms<T extends { readonly rotateAfterSeconds?: number | null }>(input: T): unknown {
  const { rotateAfterSeconds, ...rest } = input;
  return rotateAfterSeconds === undefined ? rest : { ...rest, rotateAfter: rotateAfterSeconds };
}

/** The most keys in one request, and how long their JSON may be: the body of a request is at most 64 KiB. */
const KEYS_IN_BATCH = 50;
const BATCH_CHARACTERS = 16_000;

function inBatches(keys: readonly unknown[]): readonly (readonly unknown[])[] {
  const batches: unknown[][] = [];
  let characters = 0;
  for (const key of keys) {
    characters += JSON.stringify(key).length;
    const last = batches.at(-1);
    if (last !== undefined && last.length < KEYS_IN_BATCH && characters <= BATCH_CHARACTERS) last.push(key);
    else {
      batches.push([key]);
      characters = JSON.stringify(key).length;
    }
  }
  return batches;
}
