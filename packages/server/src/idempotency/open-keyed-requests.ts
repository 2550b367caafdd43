import type { Kysely } from 'kysely';
import { createKeyedRequests, type KeyedRequests, type KeyedRequestsOptions } from './keyed-requests.ts';
import { createKyselyRequestStore } from './kysely-request-store.ts';
import type { KeyedRequestTables } from './schema.ts';

/** What is kept for one root token: enough for a client that sends a key with each request, and no more than fits. */
const BOUNDS = { requests: 10_000, bytes: 33_554_432 };

/** Opens them on a database whose table is there. */
export function openKeyedRequests(
  database: Kysely<KeyedRequestTables>,
  options: Omit<KeyedRequestsOptions, 'store'>,
): KeyedRequests {
  return createKeyedRequests({ ...options, store: createKyselyRequestStore(database, BOUNDS) });
}
