import type { PinDegree } from '../config/mcp-config.ts';
import { BridgeError } from '../errors.ts';
import type { ListedTool, ToolCatalogue } from '../host/list-tools.ts';
import type { BridgeLogger } from '../logger.ts';
import type { ToolDefinition } from '../tools/tool-definition.ts';
import type { ToolEffect } from '../tools/tool-effect.ts';
import { diffDefinitions } from './definition-diff.ts';
import { type DefinitionFlag, flagDefinition } from './definition-flags.ts';
import { pinnedFingerprint, shapeFingerprint } from './pin-degree.ts';
import type { PinStore, ToolPin } from './pin-store.ts';

/** How definitions of tools are approved. */
export interface PinOptions {
  readonly store: PinStore;
  /**
   * - `auto`: the first list of a server is approved automatically, because the operator has chosen the server; later
   *   changes and additions are held back;
   * - `explicit`: everything is held back until it is approved;
   * - `off`: nothing is held back.
   */
  readonly mode: 'auto' | 'explicit' | 'off';
  /** How much of a definition is pinned where the entry of a server does not say. Absent: `everything`. */
  readonly degree?: PinDegree;
}

/** Pinning is off: nothing is held back. */
const nothingPinned: PinOptions = {
  mode: 'off',
  store: {
    fingerprints: async () => undefined,
    definitions: async () => new Map(),
    begin: async () => {},
    approve: async () => {},
  },
};

/** A tool as a person should review it before approving it. */
export interface ReviewedTool {
  /** The tool's own name. */
  readonly name: string;
  readonly state: 'approved' | 'changed' | 'new';
  /** Whether it is held back until it is approved, as every tool is that is not approved, unless pinning is off. */
  readonly held: boolean;
  /** SHA-256 of what is pinned of the definition, in hex; an approval refers to it. */
  readonly fingerprint: string;
  /** What it does once it is approved, by this definition; see `ToolGateCall`. */
  readonly effect: ToolEffect;
  readonly flags: readonly DefinitionFlag[];
  /** Present when it is not approved: a unified diff, field by field, with hidden characters escaped. */
  readonly diff?: string;
}

/**
 * Holds back tools that are not approved. A tool counts as approved only if all that is pinned of it is as it was
 * approved. Fails closed: if the approvals cannot be read, nothing is offered.
 */
export class ToolPins {
  readonly #options: PinOptions;
  readonly #degreeOf: (server: string) => PinDegree | undefined;
  readonly #logger: BridgeLogger;
  /** The message last logged for each server. */
  readonly #told = new Map<string, string>();

  /**
   * @param options absent: nothing can be pinned
   * @param degreeOf what the entry of a server says; undefined when it says nothing
   */
  constructor(
    options: PinOptions | undefined,
    degreeOf: (server: string) => PinDegree | undefined,
    logger: BridgeLogger,
  ) {
    this.#options = options ?? nothingPinned;
    this.#degreeOf = options === undefined ? () => 'nothing' : degreeOf;
    this.#logger = logger;
  }

  /** How much of the definitions of a server is pinned. */
  degree(server: string): PinDegree {
    const { mode, degree = 'everything' } = this.#options;
    return this.#degreeOf(server) ?? (mode === 'off' ? 'nothing' : degree);
  }

  /**
   * Returns the tools that may be offered.
   *
   * @throws BridgeError `MCP_CONNECTION_FAILED`
   */
  async approved(server: string, tools: ToolCatalogue): Promise<ToolCatalogue> {
    if (this.degree(server) === 'nothing') return tools;
    const isApproved = await this.#approvals(server, tools);
    const kept = new Map([...tools].filter(([, { definition }]) => isApproved(definition)));
    this.#tell(
      server,
      [...tools.keys()].filter((name) => !kept.has(name)),
    );
    return kept;
  }

  /** Returns all tools; those that are held back have the differences to the approved definition. */
  async review(server: string, tools: ToolCatalogue): Promise<readonly ReviewedTool[]> {
    const degree = this.degree(server);
    const isApproved = await this.#approvals(server, tools);
    const before = await this.#ask(server, () => this.#options.store.definitions(server));
    return [...tools.values()].map(({ definition }): ReviewedTool => {
      const { name, canonical, claims } = definition;
      const effect = degree === 'nothing' ? 'destructive' : claims;
      const fingerprint = pinnedFingerprint(definition, degree);
      const flags = flagDefinition(canonical);
      if (isApproved(definition)) return { name, state: 'approved', held: false, fingerprint, effect, flags };
      const state = before.has(name) ? 'changed' : 'new';
      const held = degree !== 'nothing';
      return { name, state, held, fingerprint, effect, flags, diff: diffDefinitions(before.get(name), canonical) };
    });
  }

  /**
   * Approves definitions by tool and fingerprint. A definition of which anything that is pinned has changed since its
   * review is not approved.
   *
   * @throws BridgeError `MCP_TOOL_UNAVAILABLE`, `MCP_TOOL_CHANGED`, `MCP_CONNECTION_FAILED`; then nothing is approved.
   */
  async approve(server: string, tools: ToolCatalogue, wanted: ReadonlyMap<string, string>): Promise<void> {
    const degree = this.degree(server);
    const pins = [...wanted].map(([tool, fingerprint]): ToolPin => {
      const listed = tools.get(tool);
      if (listed === undefined) {
        const message = `The MCP server "${server}" has no tool "${tool}" that could be approved.`;
        throw new BridgeError('MCP_TOOL_UNAVAILABLE', message, { server, tool });
      }
      if (pinnedFingerprint(listed.definition, degree) !== fingerprint) {
        const message = `The tool "${tool}" of the MCP server "${server}" has changed again: look at it once more.`;
        throw new BridgeError('MCP_TOOL_CHANGED', message, { server, tool });
      }
      return toPin(listed);
    });
    await this.#ask(server, () => this.#options.store.approve(server, pins));
  }

  /** Returns whether a definition is as it was approved, as far as it is pinned. */
  async #approvals(server: string, tools: ToolCatalogue): Promise<(definition: ToolDefinition) => boolean> {
    const pinned = await this.#fingerprints(server, tools);
    const isSame = ({ name, fingerprint }: ToolDefinition): boolean => pinned.get(name) === fingerprint;
    const isAllSame = [...tools.values()].every(({ definition }) => isSame(definition));
    if (this.degree(server) !== 'schemas' || isAllSame) return isSame;
    const definitions = await this.#ask(server, () => this.#options.store.definitions(server));
    return (definition) => {
      const before = definitions.get(definition.name);
      const isPinned = before !== undefined && pinned.has(definition.name);
      return isPinned && shapeFingerprint(before) === pinnedFingerprint(definition, 'schemas');
    };
  }

  async #fingerprints(server: string, tools: ToolCatalogue): Promise<ReadonlyMap<string, string>> {
    const { store, mode } = this.#options;
    return this.#ask(server, async () => {
      const known = await store.fingerprints(server);
      // An entry that wants to be pinned is, also where others are not.
      const isFirstApproved = mode === 'auto' || (mode === 'off' && this.degree(server) !== 'nothing');
      if (known !== undefined || !isFirstApproved) return known ?? new Map<string, string>();
      await store.begin(server, [...tools.values()].map(toPin));
      // Another host may have approved another list in the meantime.
      return (await store.fingerprints(server)) ?? new Map<string, string>();
    });
  }

  async #ask<T>(server: string, question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (cause) {
      this.#logger.error({ server, error: cause }, 'What was approved of an MCP server is not known; it is not used');
      const message = `The tools of the MCP server "${server}" are held back: what was approved of it is not known now.`;
      throw new BridgeError('MCP_CONNECTION_FAILED', message, { server, cause });
    }
  }

  #tell(server: string, held: readonly string[]): void {
    const tools = held.join(' ');
    if (tools === (this.#told.get(server) ?? '')) return;
    this.#told.set(server, tools);
    if (held.length > 0) {
      this.#logger.warn({ server, tools: held }, 'Tools of an MCP server are held back until they are approved');
    }
  }
}

const toPin = ({ definition: { name, fingerprint, canonical } }: ListedTool): ToolPin => ({
  tool: name,
  fingerprint,
  definition: canonical,
});
