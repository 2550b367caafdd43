import { printName } from '../authority/print-name.ts';
import { endOf } from '../date-time.ts';
import { matchesGlob } from '../matching/glob.ts';
import type { ArgumentConstraint } from '../schema/json-schema.ts';
import type { Action, Grant } from './words.ts';

/** The existing things that a grant can name. An absent field is not compared. */
export interface GrantSurroundings {
  readonly now: Date;
  /** The actions that at least one route of the server requires. */
  readonly actions?: readonly Action[];
  /** The keys of the existing models, and their aliases. */
  readonly models?: readonly string[];
  /** The ids of the existing MCP servers, e.g. `mcp/files`. */
  readonly servers?: readonly string[];
  /** The real path of a folder, or undefined when there is none; see `DecisionContext`. */
  readonly resolvePath?: (path: string) => string | undefined;
}

/** A suspicious part of a grant, and its place. */
export interface GrantWarning {
  /** The place in the grant, e.g. `mcp["files"]`. */
  readonly path: string;
  readonly message: string;
}

/**
 * Lists the parts of a valid grant that are probably mistakes: parts that allow nothing, and names of things that do
 * not exist. For the author of a grant; it has no effect on decisions.
 *
 * @example
 * ```ts
 * import { llm, reviewGrant } from '@latchkey/auth-core/llm';
 *
 * const grant = llm.parseGrant({ actions: ['chat'], mcp: { files: { tools: { '*': {} } } } });
 * const warnings = reviewGrant(grant, { now: new Date(), servers: ['mcp/files'] });
 * console.log(warnings.map(({ path }) => path)); // [ 'models', 'mcp["files"]' ]
 * ```
 */
export function reviewGrant(grant: Grant, surroundings: GrantSurroundings): readonly GrantWarning[] {
  return [
    ...reviewActions(grant, surroundings),
    ...reviewModels(grant, surroundings),
    ...reviewServers(grant, surroundings),
    ...reviewBounds(grant, surroundings),
    ...reviewLimits(grant),
  ];
}

type Review = Generator<GrantWarning>;

const allows = ({ actions }: Grant, ...wanted: readonly Action[]): boolean =>
  actions.includes('*') || wanted.some((action) => actions.includes(action));

function* reviewActions({ actions }: Grant, { actions: known }: GrantSurroundings): Review {
  if (actions.length === 0) yield { path: 'actions', message: 'no action is named, so nothing is allowed' };
  for (const action of actions) {
    if (action !== '*' && known !== undefined && !known.includes(action)) {
      yield { path: 'actions', message: `no route of this server asks for ${action}` };
    }
  }
}

function* reviewModels(grant: Grant, { models: known }: GrantSurroundings): Review {
  const { models = [] } = grant;
  if (models.length === 0 && allows(grant, 'chat', 'embeddings')) {
    yield { path: 'models', message: 'no model is named, so none can be used; ["*"] names all' };
  }
  if (models.length > 0 && !allows(grant, 'chat', 'embeddings', 'models:read', 'models:load', 'models:download')) {
    yield { path: 'models', message: 'models are named, and no action that uses them' };
  }
  for (const [index, glob] of models.entries()) {
    if (known !== undefined && !known.some((key) => matchesGlob(glob, key))) {
      yield { path: `models[${index}]`, message: `${printName(glob)} matches no model that there is now` };
    }
  }
}

function* reviewServers(grant: Grant, surroundings: GrantSurroundings): Review {
  const { mcp = {}, ephemeralMcp } = grant;
  if (Object.keys(mcp).length > 0 && !allows(grant, 'chat', 'mcp:read', 'mcp:write', 'approvals:decide')) {
    yield { path: 'mcp', message: 'tools are named, and no action that uses them; calling one takes chat' };
  }
  for (const [server, { tools }] of Object.entries(mcp)) {
    const path = `mcp[${JSON.stringify(server)}]`;
    const missing = explainMissing(server, surroundings.servers);
    if (missing !== undefined) yield { path, message: missing };
    if (Object.keys(tools).length === 0) yield { path, message: 'no tool is named, so none can be used' };
    for (const [tool, rule] of Object.entries(tools)) {
      for (const [name, constraint] of Object.entries(rule.arguments ?? {})) {
        const at = `${path}.tools[${JSON.stringify(tool)}].arguments[${JSON.stringify(name)}]`;
        for (const message of reviewConstraint(constraint, surroundings)) yield { path: at, message };
      }
    }
  }
  if (ephemeralMcp === undefined) return;
  if (!allows(grant, 'chat', 'approvals:decide')) {
    yield { path: 'ephemeralMcp', message: 'it needs the action chat' };
  }
  if (ephemeralMcp.hosts.length === 0 || ephemeralMcp.tools.length === 0) {
    yield { path: 'ephemeralMcp', message: 'without hosts and tools it allows nothing' };
  }
}

function explainMissing(server: string, known: readonly string[] | undefined): string | undefined {
  if (known === undefined || known.some((id) => matchesGlob(server, id))) return undefined;
  const meant = `mcp/${server}`;
  const hint = known.some((id) => matchesGlob(meant, id)) ? `; ${printName(meant)} does` : '';
  return `${printName(server)} matches no MCP server that there is now${hint}`;
}

/** Conditions that no argument meets, in the constraint and in all nested constraints. */
function* reviewConstraint(constraint: ArgumentConstraint, surroundings: GrantSurroundings): Generator<string> {
  const { minimum, maximum, minLength, maxLength, within, hosts = [], items, properties = {} } = constraint;
  if (constraint.enum?.length === 0) yield 'enum is empty, so no value is allowed';
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) yield 'minimum is more than maximum';
  if (minLength !== undefined && maxLength !== undefined && minLength > maxLength)
    yield 'minLength is more than maxLength';
  if (constraint.cidr?.length === 0) yield 'cidr is empty, so no address is allowed';
  if (constraint.hosts?.length === 0) yield 'hosts is empty, so no URL is allowed';
  if (hosts.some((host) => host.includes('/')))
    yield 'hosts holds a URL or a path; a host is written like good.example';
  if (within !== undefined) yield* reviewFolder(within, surroundings);
  for (const inner of [...(items === undefined ? [] : [items]), ...Object.values(properties)]) {
    yield* reviewConstraint(inner, surroundings);
  }
}

function* reviewFolder(folder: string, { resolvePath }: GrantSurroundings): Generator<string> {
  if (resolvePath === undefined) return;
  const real = resolvePath(folder);
  const written = folder.length > 1 && folder.endsWith('/') ? folder.slice(0, -1) : folder;
  if (real === undefined) yield `within names ${printName(folder)}, which is not the full path of a folder`;
  else if (real !== written) yield `within names ${printName(folder)}; its real path is ${printName(real)}: write that`;
}

function* reviewBounds({ networks, projects, notBefore, expiresAt }: Grant, { now }: GrantSurroundings): Review {
  if (networks?.length === 0) yield { path: 'networks', message: 'the list is empty, so no address is allowed' };
  if (projects?.length === 0) yield { path: 'projects', message: 'the list is empty, so no project is allowed' };
  const end = endOf(expiresAt);
  if (end <= now.getTime()) yield { path: 'expiresAt', message: `it expired at ${expiresAt}` };
  if (notBefore !== undefined && endOf(notBefore) >= end) {
    yield { path: 'notBefore', message: 'it begins when the grant has expired already' };
  }
}

/** Limits with which everything else goes on at 0. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set(['toolCallsPerRequest', 'toolSearchAbove']);

function* reviewLimits(grant: Grant): Review {
  for (const [name, limit] of Object.entries(grant.limits ?? {})) {
    if (!MAY_BE_ZERO.has(name) && limit === 0) {
      yield { path: `limits.${name}`, message: 'it is 0, so nothing is allowed' };
    }
  }
}
