/** A tool of a server, or the whole server; either may be a glob. */
export interface ToolName {
  readonly server: string;
  readonly name?: string;
}

/**
 * Splits `mcp/files.read_text_file` into server and tool; `mcp/files` is the server alone. A plugin id contains a slash
 * and no dot before it; the first dot after the slash starts the tool's name.
 */
export function splitToolName(text: string): ToolName {
  const dot = text.indexOf('.', text.indexOf('/'));
  return dot === -1 ? { server: text } : { server: text.slice(0, dot), name: text.slice(dot + 1) };
}
