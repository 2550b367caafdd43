import type { PinStore } from '@latchkey/mcp-bridge';

/** For how long what was read counts: what another server on the same database approves is seen after that at the latest. */
const RECENT_MILLISECONDS = 1000;

type Fingerprints = ReadonlyMap<string, string>;

/**
 * A store of pins that is not asked again for each call: what it said counts for a second, or until something is
 * approved here. Approvals are never taken back, so a moment's delay offers nothing that was not approved.
 *
 * @param now milliseconds of a clock that does not go back
 */
export function recentPins(store: PinStore, now: () => number = () => performance.now()): PinStore {
  const known = new Map<string, { readonly fingerprints: Fingerprints; readonly until: number }>();
  let changes = 0;
  const changing = async (server: string, change: Promise<void>): Promise<void> => {
    try {
      await change;
    } finally {
      changes += 1;
      known.delete(server);
    }
  };
  return {
    async fingerprints(server) {
      const recent = known.get(server);
      if (recent !== undefined && now() < recent.until) return recent.fingerprints;
      const until = now() + RECENT_MILLISECONDS;
      const before = changes;
      const fingerprints = await store.fingerprints(server);
      // That nothing was approved yet is asked each time: the first list approves itself. What was approved while the
      // store read may be missing.
      if (fingerprints === undefined || changes !== before) known.delete(server);
      else known.set(server, { fingerprints, until });
      return fingerprints;
    },
    definitions: (server) => store.definitions(server),
    begin: (server, pins) => changing(server, store.begin(server, pins)),
    approve: (server, pins) => changing(server, store.approve(server, pins)),
  };
}
