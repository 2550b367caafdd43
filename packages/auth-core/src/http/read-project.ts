import { InvalidInputError } from '../errors.ts';
import { readLabel } from '../management/token-input.ts';
import { decodeUtf8 } from './decode-utf8.ts';
import type { ReadHeader } from './read-header.ts';

/**
 * Reads the project that a request selects with a header field, in UTF-8.
 *
 * @throws {AuthError} `AUTH_INPUT_INVALID` when it appears twice or is not a valid project name
 */
export function readProject(readHeader: ReadHeader, header: string): string | undefined {
  const values = readHeader(header.toLowerCase());
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1) throw new InvalidInputError(header, 'must be sent once');
  const project = decodeUtf8(value);
  if (project === undefined) throw new InvalidInputError(header, 'must be sent in UTF-8');
  return readLabel(project, header);
}
