/** The table of approved definitions of MCP tools. */
export interface PinTables {
  mcp_pin: PinTable;
}

export interface PinTable {
  /** The plugin id, e.g. `mcp/files`. */
  server: string;
  /** The tool's own name. Empty in one row of each server: it says that the server's list was approved once. */
  tool: string;
  /** SHA-256 of the definition, in hex. */
  fingerprint: string;
  /** Canonical JSON. */
  definition: string;
}
