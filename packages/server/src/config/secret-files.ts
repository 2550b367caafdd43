import { readFileSync } from 'node:fs';
import { OperatorError } from '../contracts/operator-error.ts';
import { failureAt } from './path-failure.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that hold secrets. Each can instead name a file: `LATCHKEY_SECRET_FILE` for `LATCHKEY_SECRET`. */
const SECRETS = [
  'LATCHKEY_API_TOKEN',
  'LATCHKEY_DATABASE',
  'LATCHKEY_EARLIER_HMAC_KEY',
  'LATCHKEY_SECRET',
  'LATCHKEY_SECRET_FORMER',
] as const;

export const SECRET_FILE_VARIABLES: readonly string[] = SECRETS.map((name) => `${name}_FILE`);

/** The files that hold secrets. */
export const secretFilesIn = (environment: Environment): readonly string[] =>
  SECRET_FILE_VARIABLES.flatMap((name) => environment[name] || []);

/**
 * Reads the files that hold secrets; the result is keyed by the variables of the secrets. A line break at the end of a
 * file is not part of the secret.
 *
 * @throws {OperatorError} `unusable_path` for a file that cannot be read; `invalid_configuration` for an empty file,
 *   and for a secret that is given in both ways
 */
export function readSecretFiles(environment: Environment): Readonly<Record<string, string>> {
  const read: Record<string, string> = {};
  for (const name of SECRETS) {
    const path = environment[`${name}_FILE`] ?? '';
    if (path === '') continue;
    if ((environment[name] ?? '') !== '') {
      throw new OperatorError('invalid_configuration', `${name} and ${name}_FILE are both set; keep one.`);
    }
    const secret = readText(path)
      .replace(/^\uFEFF/, '')
      .replace(/(\r?\n)+$/, '');
    if (secret === '') throw new OperatorError('invalid_configuration', `${name}_FILE: ${path} is empty.`);
    read[name] = secret;
  }
  return read;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw failureAt(path, error);
  }
}
