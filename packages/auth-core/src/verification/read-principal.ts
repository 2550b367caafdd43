import type { AuthorityEntry } from '../authority/decide.ts';
import type { Grant } from '../authority/grant.ts';
import { parseGrant } from '../authority/parse-grant.ts';
import type { Principal } from '../principal.ts';
import type { TokenRecord } from '../store/token-store.ts';

const NOTHING: Grant = { actions: [] };

/**
 * The grant of a stored token. One that cannot be read, because somebody wrote into the database or a newer
 * version did, allows nothing.
 */
export function readGrant(record: TokenRecord): Grant {
  try {
    return parseGrant(record.grant);
  } catch {
    return NOTHING;
  }
}

/** Who presents a token: its authority is the server's policy and the token's own grant. */
export function readPrincipal(record: TokenRecord, policy: AuthorityEntry): Principal {
  const { id, kind, name, owner, project, expiresAt } = record;
  return Object.freeze({
    id,
    kind,
    name,
    owner,
    ...(project !== undefined && { project }),
    rootId: id,
    authority: Object.freeze([policy, Object.freeze({ grant: readGrant(record), source: `token ${name}`, id })]),
    ...(expiresAt !== undefined && { expiresAt }),
  });
}
