import { createHash } from 'node:crypto';

/** What a tool really is. Never a joined string: `a` + `b__c` and `a__b` + `c` are two different tools. */
export interface ToolIdentity {
  /** The plugin id. */
  readonly server: string;
  /** The label in the mcp.json. */
  readonly label: string;
  readonly tool: string;
}

const maxAliasLength = 64;
const hashLength = 6;

/**
 * The names under which a model sees tools: the tool's own name where it is the only one of that name, else
 * `<label>__<tool>`, both within `[A-Za-z0-9_-]{1,64}`, which every model API accepts. A name that had to be changed
 * ends in a hash of the identity. Aliases are looked up, never taken apart.
 */
export function assignAliases<T extends ToolIdentity>(tools: readonly T[]): Map<string, T> {
  const uses = new Map<string, number>();
  for (const { tool } of tools) uses.set(tool, (uses.get(tool) ?? 0) + 1);
  const aliases = new Map<string, T>();
  for (const tool of tools) {
    const wanted = uses.get(tool.tool) === 1 ? tool.tool : `${tool.label}__${tool.tool}`;
    const safe = wanted.replace(/[^A-Za-z0-9_-]/g, '_');
    let alias = safe;
    for (let attempt = 0; alias !== wanted || alias.length > maxAliasLength || aliases.has(alias); attempt += 1) {
      const hash = createHash('sha256')
        .update(JSON.stringify([tool.server, tool.tool, attempt]))
        .digest('hex');
      alias = `${safe.slice(0, maxAliasLength - hashLength - 1)}_${hash.slice(0, hashLength)}`;
      if (!aliases.has(alias)) break;
    }
    aliases.set(alias, tool);
  }
  return aliases;
}
