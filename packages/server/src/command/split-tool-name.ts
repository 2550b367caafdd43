/** A tool of a server, or the server as a whole; either may be a glob. */
export interface ToolName {
  readonly server: string;
  readonly name?: string;
}

/**
 * `mcp/files.read_text_file` → server and tool; `mcp/files` → the server. Plugin ids have a slash and no dot before it;
 * the first dot behind it begins the tool's name.
 */
export function splitToolName(text: string): ToolName {
  const dot = text.indexOf('.', text.indexOf('/'));
  return dot === -1 ? { server: text } : { server: text.slice(0, dot), name: text.slice(dot + 1) };
}
