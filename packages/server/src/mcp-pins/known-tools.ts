import type { PinStore } from '@latchkey/mcp-bridge';

/** The tools whose definitions were approved, by server: what servers have, running or not. */
export async function readKnownTools(
  pins: Pick<PinStore, 'fingerprints'>,
  servers: readonly string[],
): Promise<readonly { readonly server: string; readonly name: string }[]> {
  const found = await Promise.all(
    servers.map(async (server) =>
      [...((await pins.fingerprints(server)) ?? new Map()).keys()].map((name) => ({ server, name })),
    ),
  );
  return found.flat();
}
