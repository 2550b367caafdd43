/** An approved definition of a tool. */
export interface ToolPin {
  /** The tool's own name. */
  readonly tool: string;
  /** SHA-256 of `definition`, in hex. */
  readonly fingerprint: string;
  /** Canonical JSON of the tool's whole definition. */
  readonly definition: string;
}

/**
 * Stores approved definitions by server and tool. If a method rejects, the tools of the server are held back, so that a
 * failing store offers nothing.
 *
 * @example
 * ```ts
 * import type { PinStore, ToolPin } from '@latchkey/mcp-bridge';
 *
 * const pins = new Map<string, Map<string, ToolPin>>();
 * export const forgetful: PinStore = {
 *   fingerprints: async (server) => {
 *     const known = pins.get(server);
 *     return known && new Map([...known.values()].map(({ tool, fingerprint }) => [tool, fingerprint]));
 *   },
 *   definitions: async (server) =>
 *     new Map([...(pins.get(server)?.values() ?? [])].map(({ tool, definition }) => [tool, definition])),
 *   begin: async (server, first) => {
 *     if (!pins.has(server)) pins.set(server, new Map(first.map((pin) => [pin.tool, pin])));
 *   },
 *   approve: async (server, approved) => {
 *     pins.set(server, new Map([...(pins.get(server) ?? []), ...approved.map((pin) => [pin.tool, pin] as const)]));
 *   },
 * };
 * ```
 */
export interface PinStore {
  /**
   * Tool to its approved fingerprint; undefined when no list of this server, not even an empty one, was ever approved.
   */
  fingerprints(server: string): Promise<ReadonlyMap<string, string> | undefined>;
  /** Tool to its approved definition. */
  definitions(server: string): Promise<ReadonlyMap<string, string>>;
  /** Approves the first list of a server, which may be empty. Does nothing if a list was already approved. */
  begin(server: string, pins: readonly ToolPin[]): Promise<void>;
  /** Approves these definitions, each replacing the earlier one of its tool: all or none. */
  approve(server: string, pins: readonly ToolPin[]): Promise<void>;
}
