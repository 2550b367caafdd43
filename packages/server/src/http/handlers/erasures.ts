import type { Principal } from '@latchkey/auth-core';
import type { Auth, TokenInfo } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import type { PersonsApart } from '../../audit/persons-apart.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { mayDoEverything } from '../../settings/every-action.ts';
import type { Deleted, ErasureStore } from '../../state/erasure-store.ts';
import type { UsageRecorder } from '../../usage/usage-recorder.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

const bodySchema = z.strictObject({ owner: z.string().trim().min(1).max(128) });

const PAGE = 1000;

export interface ErasureOptions {
  readonly auth: Auth;
  readonly persons: Pick<PersonsApart, 'erase'>;
  readonly store: ErasureStore;
  readonly recorder: Pick<UsageRecorder, 'flush'>;
  /** Whether the audit log names persons by pseudonyms. */
  readonly apart: boolean;
}

/**
 * `POST /api/v1/erasures`: erases a person, by the owner's name of its tokens: the tokens, and what was kept about them.
 * Only a caller that may do everything can do that. It may be repeated.
 */
export function createErasureHandler({ auth, persons, store, recorder, apart }: ErasureOptions): Handler {
  async function tokensOf(owner: string, by: Principal): Promise<readonly TokenInfo[]> {
    const found: TokenInfo[] = [];
    for (;;) {
      const after = found.at(-1)?.id;
      const page = await auth.list(by, { owner, limit: PAGE, ...(after !== undefined && { after }) });
      found.push(...page);
      if (page.length < PAGE) return found;
    }
  }

  return async (context) => {
    const owner = validateBody(bodySchema, context.body).owner.normalize('NFC');
    const by = context.auth.principal;
    if (!mayDoEverything(by)) throw notAllowed();
    if (owner === by.owner) throw oneself();
    const ids = (await tokensOf(owner, by)).map(({ id }) => id);
    // Nothing new is made from here on; what runs is ended.
    await auth.revokeAll({ owner }, by);
    await recorder.flush();
    const before = await store.forget(owner, ids);
    const pseudonym = await persons.erase(auth, { owner, by });
    // Requests that ended meanwhile have stored how they ended.
    await recorder.flush();
    const late = await store.forget(owner, ids);
    await store.finish();
    return json({
      pseudonym,
      deleted: { tokens: ids.length, ...sum(before, late) },
      auditLog: apart ? 'pseudonyms' : 'names',
      ...(apart ? {} : { message: NAMES_STAY }),
    });
  };
}

const NAMES_STAY =
  "Entries of the audit log keep the owner's name until they are trimmed, because none of them can be changed. With " +
  "audit.persons 'apart', later entries have pseudonyms. Backups and exported logs keep what they have.";

const sum = (left: Deleted, right: Deleted): Deleted => ({
  responses: left.responses + right.responses,
  usage: left.usage + right.usage,
  approvals: left.approvals + right.approvals,
  keyedRequests: left.keyedRequests + right.keyedRequests,
  sessions: left.sessions + right.sessions,
  logins: left.logins + right.logins,
});

const notAllowed = (): ServerError =>
  new ServerError('PERMISSION_DENIED', 'Only a token that may do everything can erase a person.');

const oneself = (): ServerError =>
  new ServerError(
    'INVALID_REQUEST',
    "A caller cannot erase its own owner: it would lose its token. Use another administrator's.",
    {
      param: 'owner',
    },
  );
