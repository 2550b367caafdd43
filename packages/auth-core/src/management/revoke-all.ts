import { InvalidInputError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { listPages } from '../token/list-pages.ts';
import type { ChooseTokens, TokenRecord } from '../token/token-store.ts';
import type { ManagementAudit, ManagementEntry } from './audit-management.ts';
import type { Makers } from './maker.ts';
import type { Revocation } from './revoke-tokens.ts';
import { tellDerived } from './tell-derived.ts';
import { coversEverything, requireAction, type TokenAccess } from './token-access.ts';
import { toTokenInfo } from './token-info.ts';
import { checkOptions, readFilter } from './token-input.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** The owner or the project whose tokens to revoke; at least one of the two is needed. */
export interface RevokeAllInput {
  readonly owner?: string;
  readonly project?: string;
}

const OPTIONS = ['owner', 'project'] satisfies readonly (keyof RevokeAllInput)[];

/**
 * Creates the function that ends all tokens of an owner or a project. They are denied here before anything is written;
 * the store ends them together, and lets none in meanwhile.
 */
export function createRevokeAll(
  parts: TokenManagerParts,
  access: TokenAccess,
  makers: Makers,
  audit: ManagementAudit,
): (input: RevokeAllInput, asked: Principal) => Promise<Revocation[]> {
  const { vocabulary, store, policy, clock, onChange, revocations, isEnded } = parts;

  /** Chooses what the principal may end. It remembers what it has refused: the store waits for the second look. */
  function createChoice(by: Principal): ChooseTokens {
    const refused = new Set<string>();
    return async function choose(tokens, find) {
      const unknown = tokens.filter(({ id }) => !refused.has(id));
      const chosen = new Set((await access.filterVisible(unknown, by, find)).map(({ id }) => id));
      for (const { id } of unknown) if (!chosen.has(id)) refused.add(id);
      return [...chosen];
    };
  }

  async function findEnded(scope: RevokeAllInput, at: string): Promise<TokenRecord[]> {
    const ended: TokenRecord[] = [];
    for await (const page of listPages(store, scope)) ended.push(...page.filter(({ revokedAt }) => revokedAt === at));
    return ended;
  }

  return async function revokeAll(input, asked) {
    checkOptions('revokeAll', input, OPTIONS);
    const { owner, project } = readFilter(input);
    const { by } = await makers.read(asked);
    requireAction(by, 'tokens:write');
    if (owner === undefined && project === undefined) {
      throw new InvalidInputError('owner', 'or project must say whose tokens to revoke');
    }
    const scope = { ...(owner !== undefined && { owner }), ...(project !== undefined && { project }) };
    const choose = coversEverything(vocabulary, by, policy) ? undefined : createChoice(by);
    const revokedAt = clock().toISOString();
    // The caller's own token and its ancestors are skipped: a caller revokes its own token by its id.
    const except = by.chain;
    const found: string[] = [];
    for await (const page of listPages(store, scope)) {
      const standing = page.filter(({ id, revokedAt: at }) => at === undefined && !except.includes(id) && !isEnded(id));
      found.push(...(choose === undefined ? standing.map(({ id }) => id) : await choose(standing, store.find)));
    }
    const entryOf = (ended: readonly TokenRecord[]): ManagementEntry => ({
      type: 'tokens.revoked',
      by,
      subject: owner === undefined ? `project ${project}` : `owner ${owner}`,
      project,
      details: { ...scope, count: ended.length, revokedAt },
    });
    let isRecorded = true;
    let isAgain = false;
    const { records, stored } = await revocations.endAll(found, {
      async store() {
        const again = isAgain;
        isAgain = true;
        const { ended, recorded } = await audit.end(
          (transaction) => store.endAll({ ...scope, except, revokedAt }, choose, transaction),
          entryOf,
        );
        isRecorded = recorded;
        // An attempt before this one may have ended them, and its answer was lost.
        return again || ended.length < found.length ? findEnded(scope, revokedAt) : ended;
      },
      async report(ended) {
        const denied = new Set(found);
        for (const { id } of ended) if (!denied.has(id)) onChange(id, 'revoked');
        await tellDerived(
          store,
          ended.map(({ id }) => id),
          onChange,
        );
        if (!isRecorded) await audit.note(entryOf(ended));
      },
    });
    const now = clock();
    if (stored) {
      return records.map((record) => ({ id: record.id, revokedAt, stored, token: toTokenInfo(record, now) }));
    }
    return found.map((id) => ({ id, revokedAt, stored }));
  };
}
