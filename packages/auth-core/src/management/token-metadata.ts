import type { Authority } from '../authority/authority.ts';
import { GrantNotCoveredError } from '../errors.ts';
import { copyOwnObject, type JsonObject } from '../schema/copy-json.ts';
import { isAdministrator } from './token-access.ts';

const MAXIMUM_BYTES = 4096;

/**
 * Reads the metadata of a token. A host decides by them, so they are as an owner is: only a principal with every action
 * may choose them.
 *
 * @throws {AuthError} `AUTH_INPUT_INVALID`, `AUTH_GRANT_NOT_COVERED`
 */
export function readMetadata(metadata: unknown, own: Authority): JsonObject {
  requireMetadataRight(own);
  return copyOwnObject(metadata, 'metadata', MAXIMUM_BYTES);
}

/** @throws {AuthError} `AUTH_GRANT_NOT_COVERED` */
export function requireMetadataRight(own: Authority): void {
  if (isAdministrator(own)) return;
  throw new GrantNotCoveredError('metadata is given, which only a token with every action may choose');
}
