import type { Revocation } from '@latchkey/auth-core';
import {
  type Auth,
  type Grant,
  type GrantWarning,
  type LlmWords,
  reviewGrant,
  type TokenInfo,
} from '@latchkey/auth-core/llm';
import { warnOfAdministrators } from '../../state/administrators-left.ts';
import type { EarlierKeys } from '../../state/earlier-keys.ts';
import { importKeys } from '../../state/import-keys.ts';
import { resolveRealPath } from '../../state/real-path.ts';
import { CommandError } from '../command-error.ts';
import type { EndedToken, TokenAdministration, Warned } from './token-administration.ts';

/** Reviews a grant on its own: without a server, its models and MCP servers are not known. */
function review(grant: Grant): readonly GrantWarning[] {
  return reviewGrant(grant, {
    now: new Date(),
    resolvePath: (path) => resolveRealPath(path, { hardLinks: true, spend: () => undefined }),
  });
}

const asWarned = (warnings: readonly GrantWarning[]): Warned => (warnings.length === 0 ? {} : { warnings });

/** Tokens as the operator administers them in the database itself. */
export function asOperator(auth: Auth, earlier: EarlierKeys): TokenAdministration {
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
