import type { Kysely } from 'kysely';

type Texts<Column extends string> = Record<Column, string | null>;

const PAGE = 500;

/** Rewrites columns of every token, as a migration: a page at a time, and only the rows that change. */
export async function rewriteTokens<Column extends string>(
  database: Kysely<unknown>,
  columns: readonly Column[],
  rewrite: (row: Readonly<Texts<Column>>) => Texts<Column>,
): Promise<void> {
  const tokens = database as Kysely<{ tokens: { id: string } & Record<string, string | null> }>;
  for (let last = ''; ; ) {
    const rows = await tokens
      .selectFrom('tokens')
      .select(['id', ...columns])
      .where('id', '>', last)
      .orderBy('id')
      .limit(PAGE)
      .$castTo<Texts<Column> & { readonly id: string }>()
      .execute();
    for (const row of rows) {
      const after = rewrite(row);
      if (columns.every((column) => after[column] === row[column])) continue;
      await tokens.updateTable('tokens').set(after).where('id', '=', row.id).execute();
    }
    const end = rows.at(-1);
    if (end === undefined) return;
    last = end.id;
  }
}
