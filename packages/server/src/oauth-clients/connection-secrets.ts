import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { createSealer, type Sealer } from '@latchkey/auth-core';

/** Refresh tokens begin with this. */
const PREFIX = 'lkr_';
const CODE = /^([\w-]{22})\.([\w-]{43})$/;
const REFRESH = /^lkr_(([\w-]{22})\.[\w-]{43})\.([\w-]{22})$/;
const TAG_CHARACTERS = 22;

/** A code or a refresh token that was presented, and whose connection it names. */
export interface PresentedSecret {
  readonly connection: string;
  readonly digest: string;
}

/** The secrets of connections: how they are made, read, and what they encrypt. */
export interface ConnectionSecrets {
  createId(): string;
  createCode(id: string): string;
  /** Undefined for what cannot be a code. */
  readCode(text: string): PresentedSecret | undefined;
  createRefreshToken(id: string): string;
  /** Undefined for what was never given out here: all that were can be told from others without being kept. */
  readRefreshToken(text: string): PresentedSecret | undefined;
  digest(secret: string): string;
  /** Whether two digests are the same; takes the same time for all of one length. */
  isSame(digest: string | undefined, other: string | undefined): boolean;
  /** Encrypts with the installation's secret and this one together: neither opens it alone. */
  sealer(secret: string): Sealer;
}

/** @param secrets the secrets of the installation, the present one first */
export function createConnectionSecrets(secrets: readonly [Uint8Array, ...Uint8Array[]]): ConnectionSecrets {
  const derive = (secret: Uint8Array, salt: string, use: string) =>
    new Uint8Array(hkdfSync('sha256', secret, salt, use, 32));
  const tagKeys = secrets.map((secret) => derive(secret, '', 'latchkey refresh tokens'));
  const tagWith = (key: Uint8Array, text: string): string =>
    createHmac('sha256', key).update(text).digest('base64url').slice(0, TAG_CHARACTERS);
  const digest = (secret: string): string => createHash('sha256').update(secret).digest('hex');
  const random = (): string => randomBytes(32).toString('base64url');

  return {
    createId: () => randomBytes(16).toString('base64url'),
    createCode: (id) => `${id}.${random()}`,
    readCode(text) {
      const [, connection] = CODE.exec(text) ?? [];
      return connection === undefined ? undefined : { connection, digest: digest(text) };
    },
    createRefreshToken(id) {
      const text = `${id}.${random()}`;
      return `${PREFIX}${text}.${tagWith(tagKeys[0] as Uint8Array, text)}`;
    },
    readRefreshToken(text) {
      const [, signed = '', connection = '', tag = ''] = REFRESH.exec(text) ?? [];
      if (connection === '') return undefined;
      const isOurs = tagKeys.some((key) => timingSafeEqual(Buffer.from(tagWith(key, signed)), Buffer.from(tag)));
      return isOurs ? { connection, digest: digest(text) } : undefined;
    },
    digest,
    isSame: (one = '', other = '') => {
      const [first, second] = [Buffer.from(one), Buffer.from(other)];
      return first.length > 0 && first.length === second.length && timingSafeEqual(first, second);
    },
    sealer: (secret) => {
      const use = 'latchkey oauth connection';
      const [present, ...former] = secrets;
      return createSealer([derive(present, secret, use), ...former.map((one) => derive(one, secret, use))]);
    },
  };
}
