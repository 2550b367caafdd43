import type { AuditedAct } from '../audit/audit-event.ts';
import { ConflictError } from '../errors.ts';
import type { MintedToken, MintRequest, StoredTokenFormat } from '../token/token-format.ts';
import { storeSecrets } from '../token/token-secrets.ts';
import type { TokenRecord } from '../token/token-store.ts';
import type { Maker } from './maker.ts';
import { type SettledWrite, settleInsert } from './settle-write.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** The fields of a new token that are known before it has an id and a secret. */
export type TokenDraft = Omit<TokenRecord, 'id' | 'digest' | 'attenuationKey' | 'previous' | 'sealed' | 'stub'>;

/** What is stored of a minted token, and its id. */
export type KeptToken = Pick<TokenRecord, 'id' | 'digest' | 'attenuationKey' | 'sealed' | 'stub'>;

/** A token that was just made: its text, which is returned only once, and its record. */
export interface MadeToken {
  readonly text: string;
  readonly record: TokenRecord;
}

type MakingParts = Pick<TokenManagerParts, 'store' | 'digest' | 'sealer' | 'revocations' | 'clock'>;

const ATTEMPTS = 10;
const CROWDED = 'No id could be found that is free. Try again.';
const TAKEN = 'There is a key with this text already. Choose another one.';

/**
 * Mints a token and stores it, provided that the tokens of its maker are unchanged. When the id is taken, it tries
 * again with another id. Undefined when the store refused every attempt: either all ids were taken, or the maker has
 * changed.
 */
export async function makeRecord(
  parts: MakingParts,
  format: StoredTokenFormat,
  draft: TokenDraft,
  write: (record: TokenRecord, insert: AuditedAct, settle: () => Promise<SettledWrite>) => Promise<boolean>,
  { standing, secret }: Pick<Maker, 'standing'> & { readonly secret?: string | undefined },
): Promise<MadeToken | undefined> {
  const request = mintRequest(draft, secret);
  // A chosen text determines the id, so another attempt would give the same id.
  const attempts = secret === undefined ? ATTEMPTS : 1;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const minted = await format.mint(request);
    const record = { ...draft, ...(await keepMinted(parts, format, minted)) };
    const insert: AuditedAct = (transaction) => parts.store.insert(record, standing, transaction);
    if (await write(record, insert, () => settleInsert(record, parts))) return { text: minted.text, record };
  }
  return undefined;
}

/** Whether a chosen text is not that of another token. */
export async function isFree(
  parts: Pick<MakingParts, 'store' | 'digest' | 'sealer'>,
  format: StoredTokenFormat,
  draft: TokenDraft,
  secret: string | undefined,
): Promise<boolean> {
  const { id } = await keepMinted(parts, format, await format.mint(mintRequest(draft, secret)));
  return secret === undefined || (await parts.store.find(id)) === undefined;
}

/** The error for a token that could not be stored although its maker is unchanged. */
export function cannotBeMade(secret: string | undefined): ConflictError {
  return new ConflictError(secret === undefined ? CROWDED : TAKEN);
}

/** Turns a minted token into the fields that may be stored. */
export async function keepMinted(
  parts: Pick<MakingParts, 'digest' | 'sealer'>,
  format: StoredTokenFormat,
  { secret, text, earlierHash, stub, ...minted }: MintedToken,
): Promise<KeptToken> {
  const id = minted.id ?? (await parts.digest.idOf(format.kind, secret));
  const secrets = await storeSecrets(parts, format, { id, secret }, text, earlierHash);
  return { id, ...secrets, ...(stub !== undefined && { stub }) };
}

function mintRequest({ owner, createdAt, expiresAt }: TokenDraft, secret: string | undefined): MintRequest {
  return {
    owner,
    issuedAt: new Date(createdAt),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
    ...(secret !== undefined && { secret }),
  };
}
