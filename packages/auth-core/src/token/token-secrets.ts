import { attenuationKeyOf } from './attenuation-key.ts';
import type { Sealer } from './sealer.ts';
import type { StoredTokenFormat } from './token-format.ts';
import type { TokenRecord } from './token-store.ts';

/** What is kept of a token's text besides its digest, sealed for its record only. */
export type KeptSecrets = Pick<TokenRecord, 'attenuationKey' | 'sealed'>;

/** Seals the attenuation key of a token, and the text of a revealable one, so that they can be read again. */
export async function keepSecrets(
  sealer: Sealer,
  { revealable }: Pick<StoredTokenFormat, 'revealable'>,
  id: string,
  text: string,
): Promise<KeptSecrets> {
  return {
    attenuationKey: await sealer.seal(attenuationPurpose(id), await attenuationKeyOf(text)),
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

/** The keys that prove what was derived from a token, by its present and by its former secret. */
export interface AttenuationKeys {
  readonly current?: string;
  readonly previous?: string;
}

/**
 * Opens the attenuation keys of a token. A key that cannot be opened is left out and proves nothing. The work is the
 * same when there is no record or no former secret.
 */
export async function openAttenuationKeys(
  sealer: Sealer,
  record: Pick<TokenRecord, 'id' | 'attenuationKey' | 'previous'> | undefined,
): Promise<AttenuationKeys> {
  const purpose = attenuationPurpose(record?.id ?? '');
  const current = await open(sealer, purpose, record?.attenuationKey ?? NOBODYS);
  const previous = await open(sealer, purpose, record?.previous?.attenuationKey ?? NOBODYS);
  return { ...(current !== undefined && { current }), ...(previous !== undefined && { previous }) };
}

/** A placeholder of the length of a sealed attenuation key, which cannot be opened. */
const NOBODYS = `${'0'.repeat(24)}.${'0'.repeat(160)}`;

function attenuationPurpose(id: string): string {
  return `attenuation ${id}`;
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
