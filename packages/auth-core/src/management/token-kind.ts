import { InvalidInputError } from '../errors.ts';
import type { AuthSettings } from '../settings.ts';
import type { StoredTokenFormat, TokenFormat } from '../token/token-format.ts';

/**
 * The format that makes tokens of a kind, if there is one and the kind is enabled.
 *
 * @throws {AuthError} `AUTH_INPUT_INVALID` with the path `kind` and a list of the available kinds
 */
export function findFormat(kind: string, formats: readonly TokenFormat[], settings: AuthSettings): StoredTokenFormat {
  const usable = formats.filter((format) => format.type === 'stored').filter((format) => settings.kinds[format.kind]);
  const found = usable.find((format) => format.kind === kind);
  if (found !== undefined) return found;
  const known = usable.map((format) => format.kind).join(', ');
  throw new InvalidInputError(
    'kind',
    known === '' ? 'is not a kind that is made here' : `must be one of those made here: ${known}`,
  );
}
