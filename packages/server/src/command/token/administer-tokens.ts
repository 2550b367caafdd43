import type { TokenInfo } from '@latchkey/auth-core/llm';
import { withoutAbsent } from '../../config/without-absent.ts';
import type { ImportOutcome } from '../../state/import-keys.ts';
import type { ApiClient } from '../api-client.ts';
import { findClosedFolder } from '../closed-folder.ts';
import { type ConnectionFlags, connect } from '../connection.ts';
import type { TokenAdministration } from './token-administration.ts';

/**
 * Runs `use` on a running server, or, with `--data` and no server on that folder, on the database itself, as the
 * operator.
 */
export async function withTokenAdministration<T>(
  flags: ConnectionFlags,
  environment: Readonly<Record<string, string | undefined>>,
  use: (tokens: TokenAdministration) => Promise<T>,
): Promise<T> {
  await using opened = new AsyncDisposableStack();
  const data = await findClosedFolder(flags, opened);
  if (data === undefined) return use(overHttp(connect(flags, environment)));
  const [{ openInstallation }, { asOperator }] = await Promise.all([
    import('../open-installation.ts'),
    import('./operator-administration.ts'),
  ]);
  const { auth, earlier } = await openInstallation({ data, environment }, opened);
  return await use(asOperator(auth, earlier));
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
