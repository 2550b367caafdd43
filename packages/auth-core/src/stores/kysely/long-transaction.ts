/** How long a statement may take in a transaction that lifts the usual end of a statement. */
export const LIFTED_MILLISECONDS = 600_000;

/**
 * What such a transaction begins with on PostgreSQL. `openPostgres` gives the answers of this transaction as much time
 * on their way.
 */
export const LIFT_END = `set local statement_timeout = ${LIFTED_MILLISECONDS}`;
