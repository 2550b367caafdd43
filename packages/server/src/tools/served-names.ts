import { createHash } from 'node:crypto';

/** The names that every model API accepts. */
const SAFE = /^[A-Za-z0-9_-]{1,64}$/;
const HASH_CHARACTERS = 12;
const KEPT_CHARACTERS = 64 - HASH_CHARACTERS - 1;

/** A server by its plugin id and the label that it has in mcp.json. */
export interface NamedServer {
  readonly id: string;
  readonly label: string;
}

/**
 * The name under which `/mcp` serves a tool: its own if the caller may use only one server, else `label__tool`. A name
 * that some clients do not accept, or that two tools could have, ends in a hash of the tool's plugin id and name.
 *
 * The name depends only on the tool and on whether there are other servers, never on which of them are running: a name
 * that was listed a minute ago must not have become another server's tool. Names are looked up, never parsed.
 */
export function servedName({ id, label }: NamedServer, tool: string, alone: boolean): string {
  const wanted = alone ? tool : `${label}__${tool}`;
  // Both `a` with `b__c` and `a__b` with `c` would get one name; so would `a_` with `b` and `a` with `_b`.
  const unmistakable = alone || !(label.includes('__') || label.endsWith('_'));
  if (unmistakable && SAFE.test(wanted)) return wanted;
  const hash = createHash('sha256')
    .update(JSON.stringify([id, tool]))
    .digest('hex');
  return `${safe(wanted).slice(0, KEPT_CHARACTERS)}_${hash.slice(0, HASH_CHARACTERS)}`;
}

/** Whether this server may have a tool of that name: only those servers need to be asked. */
export function mayBeServedBy({ label }: NamedServer, name: string, alone: boolean): boolean {
  return alone || name.startsWith(safe(`${label}__`).slice(0, KEPT_CHARACTERS));
}

const safe = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, '_');
