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
/** The end of an alias of our making: a tool whose name ends so is not taken at its word. */
const endsInHash = /_[0-9a-f]{6}$/;
const seam = '__';

/**
 * The names under which a model sees tools: the tool's own name where it is the only one of that name, else
 * `<label>__<tool>`, both within `[A-Za-z0-9_-]{1,64}`, which every model API accepts. A name that had to be changed
 * ends in a hash of the identity. Servers choose the names of their tools, so one that looks like a name of our making gets
 * another one: no server takes the alias of another's tool. Aliases are looked up, never taken apart.
 */
export function assignAliases<T extends ToolIdentity>(tools: readonly T[]): Map<string, T> {
  const uses = new Map<string, number>();
  for (const { tool } of tools) uses.set(tool, (uses.get(tool) ?? 0) + 1);
  const aliases = new Map<string, T>();
  for (const tool of tools) {
    const isOwn = uses.get(tool.tool) === 1 && !tool.tool.includes(seam);
    const wanted = isOwn ? tool.tool : `${tool.label}${seam}${tool.tool}`;
    const safe = wanted.replace(/[^A-Za-z0-9_-]/g, '_');
    // One that can be taken apart in two places could be another tool's as well.
    const isPlain = safe === wanted && !endsInHash.test(wanted) && wanted.indexOf(seam) === wanted.lastIndexOf(seam);
    let alias = safe;
    for (let attempt = 0; !isPlain || alias.length > maxAliasLength || aliases.has(alias); attempt += 1) {
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
