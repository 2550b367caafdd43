import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { OperatorError } from '../contracts/operator-error.ts';

/** The present secret of an installation, and up to three former ones that some tokens are still stored with. */
export type Secrets = readonly [Uint8Array, ...Uint8Array[]];

type Environment = Readonly<Record<string, string | undefined>>;

/** The most secrets at a time, the present one included. */
export const MOST_SECRETS = 4;

const SECRET_BYTES = 32;
const SECRET_CHARACTERS = 32;

/** Makes a secret. */
export const makeNewSecret = (): Uint8Array => new Uint8Array(randomBytes(SECRET_BYTES));

/** What a line with a former secret begins with. All other lines are the present one. */
const FORMER = 'former ';

/** The text of a file with secrets, in base64: the present one, then a line for each former one. */
export function formatSecrets(secrets: Secrets): string {
  const lines = secrets.map((secret) => Buffer.from(secret).toString('base64'));
  return lines.map((line, index) => `${index === 0 ? '' : FORMER}${line}\n`).join('');
}

/**
 * Reads a file with secrets.
 *
 * @throws {OperatorError} `missing_secret` when there is none, or one is too short
 */
export function readSecretFile(path: string): readonly Uint8Array[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  const isFormer = (line: string): boolean => line.startsWith(FORMER);
  const current = lines.filter((line) => !isFormer(line)).join('');
  const former = lines.filter(isFormer).map((line) => line.slice(FORMER.length));
  const secrets = [current, ...former].map((text) => new Uint8Array(Buffer.from(text, 'base64')));
  if (secrets.every(({ length }) => length >= SECRET_BYTES)) return secrets;
  throw new OperatorError(
    'missing_secret',
    `${path} holds no key of ${SECRET_BYTES} bytes. Restore it, or remove it with the database.`,
  );
}

/** The secret of `LATCHKEY_SECRET`. @throws {OperatorError} `missing_secret` when it is too short */
export function givenSecret({ LATCHKEY_SECRET: given = '' }: Environment): Uint8Array | undefined {
  return given === '' ? undefined : encode(given, 'LATCHKEY_SECRET');
}

/** The secrets of `LATCHKEY_SECRET_FORMER`, one a line. @throws {OperatorError} `missing_secret` when one is too short */
export function givenFormerSecrets({ LATCHKEY_SECRET_FORMER: given = '' }: Environment): readonly Uint8Array[] {
  return given
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => encode(line, 'LATCHKEY_SECRET_FORMER'));
}

/**
 * The secrets of an installation, each once.
 *
 * @throws {OperatorError} `missing_secret` when there is none; `invalid_configuration` when there are too many
 */
export function joinSecrets(own: readonly Uint8Array[], former: readonly Uint8Array[]): Secrets {
  const [current, ...others] = new Map([...own, ...former].map((secret) => [`${secret}`, secret])).values();
  if (current === undefined) throw new OperatorError('missing_secret', 'There is no secret.');
  if (others.length < MOST_SECRETS) return [current, ...others];
  throw new OperatorError(
    'invalid_configuration',
    `There are ${others.length} former secrets, and at most ${MOST_SECRETS - 1} can be used. 'latchkey key drop' ends the ` +
      'use of those that are not needed any more; then take them out of LATCHKEY_SECRET_FORMER.',
  );
}

/** Blanks do not make a secret harder to guess. */
function encode(text: string, variable: string): Uint8Array {
  if (text.trim().length >= SECRET_CHARACTERS) return new TextEncoder().encode(text);
  throw new OperatorError(
    'missing_secret',
    `${variable} is too short: it needs at least ${SECRET_CHARACTERS} characters${variable === 'LATCHKEY_SECRET' ? '' : ' in each line'}.`,
  );
}
