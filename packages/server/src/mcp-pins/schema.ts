/** The table of approved definitions of MCP tools. */
export interface PinTables {
  mcp_pin: PinTable;
}

export interface PinTable {
  /** The plugin id, e.g. `mcp/files`. */
  server: string;
  /**
   * The tool's own name. It is empty in one row of each server, which marks that the server's first list was approved.
   */
  tool: string;
  /** SHA-256 of the definition, in hex. */
  fingerprint: string;
  /** Canonical JSON. */
  definition: string;
}
