/** A definition of a tool that was approved. */
export interface ToolPin {
  /** The tool's own name. */
  readonly tool: string;
  /** SHA-256 of `definition`, in hex. */
  readonly fingerprint: string;
  /** Canonical JSON of everything that the server said of the tool. */
  readonly definition: string;
}

/**
 * Keeps what was approved, by server and tool. A method that rejects has the tools of the server held back, so that a
 * store that fails offers nothing.
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
  /** Tool to the fingerprint that was approved; undefined when nothing of this server, not even an empty list, ever was. */
  fingerprints(server: string): Promise<ReadonlyMap<string, string> | undefined>;
  /** Tool to the definition that was approved. */
  definitions(server: string): Promise<ReadonlyMap<string, string>>;
  /** Approves the first list of a server, which may be empty. Does nothing when there was one before, or is one by now. */
  begin(server: string, pins: readonly ToolPin[]): Promise<void>;
  /** Approves these, each in place of what was approved of its name, all or none. */
  approve(server: string, pins: readonly ToolPin[]): Promise<void>;
}
