/** Where the tables of the library are in a database that a host has for itself. */
export interface StoreNames {
  /** The schema of a PostgreSQL database that holds the tables, and exists. By default that of the connection. */
  readonly schema?: string | undefined;
  /**
   * The beginning of the name of every table, index, constraint, function and channel: with `auth_`, tokens are in the
   * table `auth_tokens`. Letters, digits and underscores.
   */
  readonly prefix?: string | undefined;
}

const PREFIX = /^[A-Za-z_]\w{0,19}$/;
const SCHEMA = /^[A-Za-z_]\w{0,62}$/;
/** PostgreSQL's longest name, in bytes. */
const LONGEST = 63;
const CHANNEL = 'latchkey_tokens';

/** @throws {TypeError} when a name cannot begin the names of tables, or is too long */
export function checkNames({ schema, prefix }: StoreNames): void {
  if (prefix !== undefined && !PREFIX.test(prefix)) {
    throw new TypeError("the option 'prefix' must be 1 to 20 letters, digits and underscores, and begin with no digit");
  }
  if (schema !== undefined && !SCHEMA.test(schema)) {
    throw new TypeError("the option 'schema' must be 1 to 63 letters, digits and underscores, and begin with no digit");
  }
  if (channelOf({ schema, prefix }).length > LONGEST) {
    throw new TypeError(
      `the options 'schema' and 'prefix' must together have at most ${LONGEST - CHANNEL.length - 1} characters`,
    );
  }
}

/** The channel on which PostgreSQL sends the ids of changed tokens. Channels belong to a database, not to a schema. */
export function channelOf({ schema, prefix = '' }: StoreNames): string {
  return schema === undefined ? `${prefix}${CHANNEL}` : `${schema}.${prefix}${CHANNEL}`;
}
