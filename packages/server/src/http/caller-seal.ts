import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Principal } from '@latchkey/auth-core';
import type { CallerSeal } from '../contracts/chat-dialect.ts';

const ALGORITHM = 'aes-256-gcm';
/** NIST SP 800-38D recommends 96 bits. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The seal of one caller. */
export type SealFor = (principal: Pick<Principal, 'kind' | 'id' | 'tokenId' | 'rootId' | 'project'>) => CallerSeal;

/** What was sealed with a former secret can still be opened. */
type Keys = readonly [Uint8Array, ...Uint8Array[]];

/**
 * Seals texts with AES-256-GCM for one token in one project. A derived token cannot open what another token of its chain
 * was given.
 */
export function createCallerSeals(secrets: Keys): SealFor {
  const derive = (secret: Uint8Array): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), 'latchkey caller seal', 32));
  const [key, ...former] = [derive(secrets[0]), ...secrets.slice(1).map(derive)] as const;
  return ({ kind, id, tokenId, rootId, project }) => {
    // An access token is replaced every few minutes, so it counts as the token that it was derived from.
    const owner = Buffer.from(JSON.stringify([rootId, kind === 'access' ? tokenId : id, project ?? null]));
    return {
      seal(text) {
        const iv = randomBytes(IV_BYTES);
        const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES }).setAAD(owner);
        const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
        return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
      },
      open(sealed) {
        const bytes = Buffer.from(sealed, 'base64url');
        if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
        for (const own of [key, ...former]) {
          const text = openWith(own, owner, bytes);
          if (text !== undefined) return text;
        }
        return undefined;
      },
    };
  };
}

function openWith(key: Uint8Array, owner: Buffer, bytes: Buffer): string | undefined {
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(owner)
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
