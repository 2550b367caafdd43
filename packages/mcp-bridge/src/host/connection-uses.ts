import type { ServerConnection } from './connection.ts';

/**
 * Counts the uses of each connection. A connection that is no longer configured ends after the last request that uses
 * it, not in the middle of one.
 */
export class ConnectionUses {
  readonly #counts = new Map<ServerConnection, number>();
  readonly #retired = new Set<ServerConnection>();
  readonly #closing = new Set<Promise<void>>();

  /** Keeps connections open until the function that it returns is called. */
  hold(connections: Iterable<ServerConnection>): () => void {
    const held = new Set(connections);
    for (const connection of held) this.#counts.set(connection, (this.#counts.get(connection) ?? 0) + 1);
    return () => {
      for (const connection of held) this.#release(connection);
      held.clear();
    };
  }

  /** Marks a connection that new requests no longer use. */
  retire(connection: ServerConnection): void {
    this.#retired.add(connection);
    this.#closeIfUnused(connection);
  }

  /** Ends the retired connections, even those in use, and waits for all that are ending. */
  async close(): Promise<void> {
    for (const connection of this.#retired) this.#close(connection);
    await Promise.allSettled(this.#closing);
  }

  #release(connection: ServerConnection): void {
    const left = (this.#counts.get(connection) ?? 1) - 1;
    if (left > 0) this.#counts.set(connection, left);
    else this.#counts.delete(connection);
    this.#closeIfUnused(connection);
  }

  #closeIfUnused(connection: ServerConnection): void {
    if (this.#retired.has(connection) && !this.#counts.has(connection)) this.#close(connection);
  }

  #close(connection: ServerConnection): void {
    this.#retired.delete(connection);
    const closing = connection.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
