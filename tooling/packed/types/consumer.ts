import { createAuth, createMemoryTokenStore, defineVocabulary, isAuthError, type Principal } from '@latchkey/auth-core';
import { createCheckedKeyFormat } from '@latchkey/auth-core/checked-keys';
import { protect } from '@latchkey/auth-core/fetch';
import { type CredentialSource, createRequestGuard } from '@latchkey/auth-core/http';
import { createAccessTokenVerifier } from '@latchkey/auth-core/jwt';
import { llm } from '@latchkey/auth-core/llm';
import { tokenMigrations } from '@latchkey/auth-core/stores/kysely';
import { tokenStoreContract } from '@latchkey/auth-core/testing';
import { createTokenApi } from '@latchkey/auth-core/token-api';
import { removeEnded } from '@latchkey/auth-core/upkeep';

/* What a compiler sees of the packages. It is compiled, and not run. */

const vocabulary = defineVocabulary({ actions: ['invoices:read'] });
const auth = createAuth({
  vocabulary,
  store: createMemoryTokenStore(),
  digestKey: new Uint8Array(32),
  formats: [createCheckedKeyFormat(vocabulary)],
});
const credentials: readonly CredentialSource[] = [{ header: 'X-Key' }, { authorization: ['Bearer'] }];
export const guard = createRequestGuard({ auth, credentials });
export const GET = protect({ auth })('invoices:read')((_request, caller) => new Response(caller.principal.name));

// @ts-expect-error: the vocabulary does not have this action
protect({ auth })('invoices:burn');

export async function main(): Promise<string> {
  try {
    const { token } = await auth.issue({ name: 'ci', grant: { actions: ['invoices:read'] } }, auth.operator());
    const principal: Principal = await auth.verify(token);
    // @ts-expect-error: a name is a text
    const wrong: number = principal.name;
    return principal.name + String(wrong);
  } catch (error) {
    return isAuthError(error) ? error.code : 'unknown';
  }
}

export const all = [createAccessTokenVerifier, llm, tokenMigrations, tokenStoreContract, createTokenApi, removeEnded];
