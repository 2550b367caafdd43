import { attenuationKeyOf } from './attenuation-key.ts';
import type { Digest } from './digest.ts';
import { formerSecrets } from './former-secrets.ts';
import type { Sealer } from './sealer.ts';
import type { StoredTokenFormat, TokenParts } from './token-format.ts';
import type { TokenRecord } from './token-store.ts';

/** What is stored of a token's text: its digest, and what is sealed for its record only. */
export type StoredSecrets = Pick<TokenRecord, 'digest' | 'attenuationKey' | 'sealed'>;

/**
 * Makes the digest of a token, and seals its attenuation key, if it has one, and the text of a revealable one; in place
 * of both, the hash of an imported key.
 */
export async function storeSecrets(
  { digest, sealer }: { readonly digest: Digest; readonly sealer: Sealer },
  { kind, revealable, underivable }: Pick<StoredTokenFormat, 'kind' | 'revealable' | 'underivable'>,
  parts: TokenParts,
  text: string,
  earlierHash?: string,
): Promise<StoredSecrets> {
  const { id } = parts;
  if (text === '') {
    const sealed = earlierHash === undefined ? undefined : await sealer.seal(earlierPurpose(id), earlierHash);
    return { digest: await digest.of(kind, parts), ...(sealed !== undefined && { attenuationKey: sealed }) };
  }
  return {
    digest: await digest.of(kind, parts),
    ...(!underivable && { attenuationKey: await sealer.seal(attenuationPurpose(id), await attenuationKeyOf(text)) }),
    ...(revealable && { sealed: await sealer.seal(textPurpose(id), text) }),
  };
}

/** The text of a revealable token; undefined when it is not kept, or was sealed with another key. */
export async function openText(
  sealer: Sealer,
  { id, sealed }: Pick<TokenRecord, 'id' | 'sealed'>,
): Promise<string | undefined> {
  return sealed === undefined ? undefined : open(sealer, textPurpose(id), sealed);
}

/** The hash of an earlier system that is kept of an imported key; undefined for every other token. */
export async function openEarlierHash(
  sealer: Sealer,
  record: Pick<TokenRecord, 'id' | 'attenuationKey'> | undefined,
): Promise<string | undefined> {
  return open(sealer, earlierPurpose(record?.id ?? ''), record?.attenuationKey ?? NOBODYS);
}

/** The keys that prove what was derived from a token: by its present secret, the one before it, and so on. */
export type AttenuationKeys = readonly (string | undefined)[];

/**
 * Opens the attenuation keys of a token. A key that cannot be opened is left out and proves nothing. The work is the
 * same when there is no record or no former secret.
 */
export async function openAttenuationKeys(
  sealer: Sealer,
  record: Pick<TokenRecord, 'id' | 'attenuationKey' | 'previous'> | undefined,
): Promise<AttenuationKeys> {
  const purpose = attenuationPurpose(record?.id ?? '');
  const [previous, ...older] = record === undefined ? [] : formerSecrets(record);
  const keys: (string | undefined)[] = [];
  for (const { attenuationKey } of [record ?? {}, previous ?? {}, ...older] as Pick<TokenRecord, 'attenuationKey'>[]) {
    keys.push(await open(sealer, purpose, attenuationKey ?? NOBODYS));
  }
  return keys;
}

/** A placeholder of the length of a sealed attenuation key, which cannot be opened. */
const NOBODYS = `${'0'.repeat(24)}.${'0'.repeat(160)}`;

function attenuationPurpose(id: string): string {
  return `attenuation ${id}`;
}

function earlierPurpose(id: string): string {
  return `earlier ${id}`;
}

function textPurpose(id: string): string {
  return `legacy ${id}`;
}

async function open(sealer: Sealer, purpose: string, sealed: string): Promise<string | undefined> {
  try {
    return await sealer.open(purpose, sealed);
  } catch {
    return undefined;
  }
}
