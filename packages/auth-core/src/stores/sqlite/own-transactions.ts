import { AsyncLocalStorage } from 'node:async_hooks';
import type { ConnectionProvider, DatabaseConnection, Driver } from 'kysely';

/** A session, which knows whether a transaction runs in it. */
interface MaybeTransaction extends DatabaseConnection {
  readonly isWriting?: boolean;
}

/** What runs inside of what. */
interface Inside {
  readonly session: MaybeTransaction;
  readonly outer: Inside | undefined;
}

const inside = new AsyncLocalStorage<Inside>();

const WAITS_FOR_ITSELF =
  'A write was made inside of an open transaction of this database, and not by it: it could only wait for that ' +
  'transaction to end. Write with the transaction itself; for tokens, use over(auth, transaction).';

/** Gives out the connections of a driver, and makes known to all that runs inside of a transaction that it does. */
export class OwnTransactions implements ConnectionProvider {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  async provideConnection<Result>(consumer: (connection: DatabaseConnection) => Promise<Result>): Promise<Result> {
    const session = await this.#driver.acquireConnection();
    try {
      return await inside.run({ session, outer: inside.getStore() }, () => consumer(session));
    } finally {
      await this.#driver.releaseConnection(session);
    }
  }
}

/** @throws {Error} when the write of a session would wait for a transaction that it is made in */
export function refuseOwnWait(session: DatabaseConnection): void {
  for (let link = inside.getStore(); link !== undefined; link = link.outer) {
    if (link.session !== session && link.session.isWriting === true) throw new Error(WAITS_FOR_ITSELF);
  }
}
