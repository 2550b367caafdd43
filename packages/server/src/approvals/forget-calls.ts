import type { Kysely } from 'kysely';
import type { ApprovalTables } from './schema.ts';

/** Deletes the calls that waited for a person, and whose time was over before a time (RFC 3339). */
export async function forgetCalls(database: Kysely<ApprovalTables>, before: string): Promise<void> {
  await database
    .deleteFrom('approval')
    .where('requested_at', '<', before)
    .where('expires_at', '<', before)
    .where('alive_until', '<', before)
    .execute();
}
