import { InvalidGrantError } from '../errors.ts';
import { checkLabel } from '../management/token-input.ts';
import { decodeUtf8 } from './decode-utf8.ts';
import type { ReadHeader } from './read-header.ts';

/** The header field that selects one of the projects that a token may use. */
const HEADER = 'Latchkey-Project';

/**
 * Reads the project that a request selects with `Latchkey-Project`, in UTF-8.
 *
 * @throws {AuthError} `AUTH_GRANT_INVALID` when it appears twice or is not a valid project name
 */
export function readProject(readHeader: ReadHeader): string | undefined {
  const values = readHeader(HEADER.toLowerCase());
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1) throw new InvalidGrantError(HEADER, 'must be sent once');
  const project = decodeUtf8(value);
  if (project === undefined) throw new InvalidGrantError(HEADER, 'must be sent in UTF-8');
  return checkLabel(project, HEADER);
}
