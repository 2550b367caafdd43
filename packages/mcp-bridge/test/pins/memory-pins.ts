import type { PinStore, ToolPin } from '../../src/index.ts';

/** Pins in memory, and a way to have them fail. */
export function memoryPins(): PinStore & { failing: boolean; readonly kept: Map<string, Map<string, ToolPin>> } {
  const kept = new Map<string, Map<string, ToolPin>>();
  const answer = <T>(value: () => T): Promise<T> =>
    pins.failing ? Promise.reject(new Error('no database')) : Promise.resolve(value());
  const pins = {
    failing: false,
    kept,
    fingerprints: (server: string) =>
      answer(() => {
        const known = kept.get(server);
        return known && new Map([...known.values()].map(({ tool, fingerprint }) => [tool, fingerprint]));
      }),
    definitions: (server: string) =>
      answer(() => new Map([...(kept.get(server)?.values() ?? [])].map(({ tool, definition }) => [tool, definition]))),
    begin: (server: string, first: readonly ToolPin[]) =>
      answer(() => {
        if (!kept.has(server)) kept.set(server, new Map(first.map((pin) => [pin.tool, pin])));
      }),
    approve: (server: string, approved: readonly ToolPin[]) =>
      answer(() => {
        kept.set(server, new Map([...(kept.get(server) ?? []), ...approved.map((pin) => [pin.tool, pin] as const)]));
      }),
  };
  return pins;
}
