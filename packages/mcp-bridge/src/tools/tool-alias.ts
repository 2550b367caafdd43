import { createHash } from 'node:crypto';

/** The identity of a tool. It is never a joined string: `a` + `b__c` and `a__b` + `c` are two different tools. */
export interface ToolIdentity {
  /** The plugin id. */
  readonly server: string;
  /** The label in the mcp.json. */
  readonly label: string;
  readonly tool: string;
}

const maxAliasLength = 64;
const hashLength = 6;
/** The end of an alias that this module makes. A tool whose own name has this ending gets an alias. */
const endsInHash = /_[0-9a-f]{6}$/;
const seam = '__';

/**
 * Assigns the names under which a model sees tools: the tool's own name if no other tool has it, otherwise
 * `<label>__<tool>`, both within `[A-Za-z0-9_-]{1,64}`, which every model API accepts. A name that had to be changed
 * ends in a hash of the identity. Servers choose the names of their tools, so a name that looks like such an alias gets
 * another one: no server can take the alias of another server's tool. Aliases are looked up, never parsed.
 */
export function assignAliases<T extends ToolIdentity>(tools: readonly T[]): Map<string, T> {
  const uses = new Map<string, number>();
  for (const { tool } of tools) uses.set(tool, (uses.get(tool) ?? 0) + 1);
  const aliases = new Map<string, T>();
  for (const tool of tools) {
    const isOwn = uses.get(tool.tool) === 1 && !tool.tool.includes(seam);
    const wanted = isOwn ? tool.tool : `${tool.label}${seam}${tool.tool}`;
    const safe = wanted.replace(/[^A-Za-z0-9_-]/g, '_');
    // A name that can be split in two places could also be another tool's.
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
