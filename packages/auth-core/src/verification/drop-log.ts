/** Knows which ids were dropped from a cache since a mark. */
export interface DropLog {
  note(id: string): void;
  /** A mark of the present state. */
  mark(): number;
  /** Whether an id was dropped since a mark; also true when the mark is too old to know. */
  isSince(id: string, mark: number): boolean;
}

/** Creates a log that knows the last drops, up to a number of ids. */
export function createDropLog(capacity: number): DropLog {
  const droppedAt = new Map<string, number>();
  let drops = 0;
  /** What was dropped by then is no longer known. */
  let forgotten = 0;
  return {
    note(id) {
      drops++;
      droppedAt.delete(id);
      droppedAt.set(id, drops);
      if (droppedAt.size <= capacity) return;
      const [[oldest, drop] = [id, drops]] = droppedAt;
      droppedAt.delete(oldest);
      forgotten = drop;
    },
    mark: () => drops,
    isSince: (id, mark) => mark < forgotten || (droppedAt.get(id) ?? 0) > mark,
  };
}
