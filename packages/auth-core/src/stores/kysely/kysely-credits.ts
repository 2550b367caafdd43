import type { Kysely } from 'kysely';
import type { Adjustment, CreditCounter, Taking } from '../../limits/limit-store.ts';
import { correctSpent, type SpentCredits } from '../../limits/spent-credits.ts';
import { readInteger, readText } from './read-column.ts';
import type { LimitSchema } from './schema.ts';

type CreditAdjustment = Extract<Adjustment, { readonly kind: 'credit' }>;

/** Creates missing rows of the credits, and locks all of them, sorted by their keys, until the transaction ends. */
export async function lockCredits(transaction: Kysely<LimitSchema>, counters: readonly CreditCounter[]): Promise<void> {
  if (counters.length === 0) return;
  await transaction
    .insertInto('limit_credits')
    .values(counters.map(({ key, interval }) => ({ key, used: 0, interval })))
    .onConflict((conflict) => conflict.column('key').doUpdateSet(({ ref }) => ({ used: ref('limit_credits.used') })))
    .execute();
}

/** What is spent of the credits, by key. */
export async function readCredits(
  database: Kysely<LimitSchema>,
  counters: readonly CreditCounter[],
): Promise<ReadonlyMap<string, SpentCredits>> {
  if (counters.length === 0) return new Map();
  const keys = counters.map(({ key }) => key);
  const rows = await database.selectFrom('limit_credits').selectAll().where('key', 'in', keys).execute();
  return new Map(
    rows.map((row) => [
      readText(row, 'key'),
      { used: readInteger(row, 'used'), interval: readInteger(row, 'interval') },
    ]),
  );
}

/** Writes what is spent of locked credits. An interval never moves back. */
export async function spendCredits(
  transaction: Kysely<LimitSchema>,
  taken: readonly (readonly [CreditCounter, Pick<Taking, 'used'>])[],
): Promise<void> {
  for (const [{ key, interval }, { used }] of taken) {
    await transaction
      .updateTable('limit_credits')
      .set(({ eb, ref }) => ({
        used,
        interval: eb.case().when('interval', '<', interval).then(interval).else(ref('interval')).end(),
      }))
      .where('key', '=', key)
      .execute();
  }
}

/** Corrects what is spent; the corrections are sorted by their keys. */
export async function correctCredits(
  transaction: Kysely<LimitSchema>,
  corrections: readonly CreditAdjustment[],
): Promise<void> {
  for (const correction of corrections) {
    await lockCredits(transaction, [correction]);
    const spent = (await readCredits(transaction, [correction])).get(correction.key);
    await spendCredits(transaction, [[correction, correctSpent(spent, correction)]]);
  }
}
