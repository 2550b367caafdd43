type Row = object;

/*
 * Rows come from a host's database: a driver or a rule of its own may leave a column out, rename it or change its type.
 * A row that is not as it was written is an error, never a default.
 */

/** @throws {Error} when the column is missing or holds no text */
export function readText(row: Row, column: string): string {
  const value = columnOf(row, column);
  return typeof value === 'string' ? value : refuse(column, 'a text');
}

/** @throws {Error} when the column is missing, or holds neither a text nor null */
export function readTextOrNull(row: Row, column: string): string | null {
  const value = columnOf(row, column);
  return value === null || typeof value === 'string' ? value : refuse(column, 'a text or null');
}

/** What stands for bytes where a text belongs: it has no hash that a chain would contain. */
const NOT_A_TEXT = 'not a text';

/*
 * Columns under a chain of hashes: bytes and nothing may be written there by hand, with the database's own means. Such
 * an entry was tampered with, and the chain finds it; an error of the database would hide which one.
 */

/** @throws {Error} when the column is missing, or holds what a text cannot become in a database */
export function readChainedText(row: Row, column: string): string {
  const value = columnOf(row, column);
  return value === null || value instanceof Uint8Array ? NOT_A_TEXT : readText(row, column);
}

/** @throws {Error} when the column is missing, or holds what a text cannot become in a database */
export function readChainedTextOrNull(row: Row, column: string): string | null {
  return columnOf(row, column) === null ? null : readChainedText(row, column);
}

/** A whole number, which some drivers return as a text or as a BigInt. @throws {Error} when the column holds none */
export function readInteger(row: Row, column: string): number {
  const value = columnOf(row, column);
  const isWritten = typeof value === 'bigint' || (typeof value === 'string' && /^-?\d+$/.test(value));
  const number = isWritten ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : refuse(column, 'a whole number');
}

/** @throws {Error} when the column is missing, or holds neither a whole number nor null */
export function readIntegerOrNull(row: Row, column: string): number | null {
  return columnOf(row, column) === null ? null : readInteger(row, column);
}

function columnOf(row: Row, column: string): unknown {
  return (row as Readonly<Record<string, unknown>>)[column];
}

function refuse(column: string, expected: string): never {
  throw new Error(
    `The database returned a row whose column '${column}' is missing or is not ${expected}. Look at what changes rows ` +
      'between the database and the store, such as a driver or its type parsers.',
  );
}
