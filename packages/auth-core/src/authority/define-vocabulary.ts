import type { Authority, DecisionContext } from './authority.ts';
import { covers } from './covers.ts';
import { decide } from './decide.ts';
import type { AccessRequest } from './decision.ts';
import type { Grant, ParseGrantOptions } from './grant.ts';
import { writeGrantSchema } from './grant-schema.ts';
import { concurrency, type Limit, rate } from './limit.ts';
import { type AuthNames, readNames } from './names.ts';
import { parseGrant } from './parse-grant.ts';
import type { AnyResourceKind } from './resource-kind.ts';
import { CORE_ACTIONS, type CoreLimits, type CoreWords, type Vocabulary, type VocabularyParts } from './vocabulary.ts';

/** The definition of a server's vocabulary: see {@link defineVocabulary}. */
export interface VocabularyDefinition<
  Action extends string,
  Resources extends Readonly<Record<string, AnyResourceKind>>,
  Limits extends Readonly<Record<string, Limit>>,
> {
  /** Beside the library's own: `tokens:*`, `settings:*`, `audit:read`, `usage:read`. Letters, digits and `:._-`. */
  readonly actions?: readonly Action[];
  /** The kinds of resources, by their names in grants and in requests. */
  readonly resources?: Resources;
  /** Beside `requestsPerMinute` and `concurrentRequests`. */
  readonly limits?: Limits;
  /** The names that callers see in tokens and headers; neutral by default. */
  readonly names?: Partial<AuthNames>;
}

/**
 * Defines the vocabulary of a server: its actions, kinds of resources and limits. All functions that take grants or
 * requests use this vocabulary. A word that it lacks does not compile, is a `TypeError` when the server itself uses it,
 * and makes a grant from outside invalid.
 *
 * @throws {TypeError} when a name has another shape, is taken, or appears twice
 * @example
 * ```ts
 * import { budget, createAuth, createMemoryTokenStore, defineVocabulary, names } from '@latchkey/auth-core';
 *
 * const vocabulary = defineVocabulary({
 *   actions: ['invoices:read', 'invoices:write'],
 *   resources: { invoices: names() },
 *   limits: { pagesPerDay: budget('day') },
 * });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey });
 * const grant = { actions: ['invoices:read'], invoices: ['2026-*'] } as const;
 * const { token } = await auth.issue({ name: 'ci', grant }, auth.operator());
 *
 * const principal = await auth.verify(token);
 * console.log(auth.decide(principal, { action: 'invoices:read', invoices: '2026-17' }).allowed); // true
 * ```
 */
export function defineVocabulary<
  const Action extends string = never,
  // biome-ignore lint/complexity/noBannedTypes: none
  const Resources extends Readonly<Record<string, AnyResourceKind>> = {},
  // biome-ignore lint/complexity/noBannedTypes: none
  const Limits extends Readonly<Record<string, Limit>> = {},
>(
  definition: VocabularyDefinition<Action, Resources, Limits>,
): Vocabulary<{
  readonly actions: Action | CoreWords['actions'];
  readonly resources: Resources;
  readonly limits: CoreWords['limits'] & Limits;
}> {
  const core: CoreLimits = { requestsPerMinute: rate('minute'), concurrentRequests: concurrency() };
  const parts = readDefinition(definition, core);
  const vocabulary: Vocabulary = Object.freeze({
    ...parts,
    everything: parseGrant(parts, everythingOf(parts)),
    parseGrant: (value: unknown, options?: ParseGrantOptions) => parseGrant(parts, value, options),
    decide: (authority: Authority, request: AccessRequest, context: DecisionContext) =>
      decide(parts, authority, request, context),
    covers: (authority: Authority, grant: Grant) => covers(parts, authority, grant),
  });
  // The parts were made from the definition, and the types name its words.
  return vocabulary as never;
}

function readDefinition(
  {
    actions = [],
    resources = {},
    limits = {},
    names: given,
  }: VocabularyDefinition<string, VocabularyParts['resources'], VocabularyParts['limits']>,
  core: CoreLimits,
): VocabularyParts {
  checkNames('action', actions, CORE_ACTIONS, ACTION);
  checkNames('resource', Object.keys(resources), RESERVED, NAME);
  checkNames('limit', Object.keys(limits), Object.keys(core), NAME);
  for (const [name, kind] of Object.entries(resources)) checkKind(name, kind);
  const all = [...actions, ...CORE_ACTIONS];
  const allLimits = { ...core, ...limits };
  return {
    actions: Object.freeze(all),
    resources: Object.freeze({ ...resources }),
    limits: Object.freeze(allLimits),
    names: readNames(given),
    grantSchema: writeGrantSchema(all, resources, allLimits),
  };
}

const ACTION = /^[A-Za-z][A-Za-z0-9:._-]{0,63}$/;
const NAME = /^[a-z][A-Za-z0-9]{0,63}$/;

/** The names that are reserved in grants, requests and denials. */
const RESERVED = 'actions networks projects notBefore expiresAt limits action project authority steps'.split(' ');

function checkNames(what: string, names: readonly string[], taken: readonly string[], shape: RegExp): void {
  for (const [index, name] of names.entries()) {
    if (!(typeof name === 'string' && shape.test(name) && !(name in Object.prototype))) {
      throw new TypeError(`${JSON.stringify(name)} cannot be the name of a ${what}: it must match ${shape.source}`);
    }
    if (taken.includes(name) || names.indexOf(name) < index) {
      throw new TypeError(`the name ${JSON.stringify(name)} of a ${what} is taken`);
    }
  }
}

function checkKind(name: string, kind: AnyResourceKind): void {
  const isWhole =
    typeof kind?.decide === 'function' && typeof kind.covers === 'function' && kind.everything !== undefined;
  if (!isWhole) {
    throw new TypeError(`resources.${name} must be a resource kind: { schema, everything, decide, covers }`);
  }
}

function everythingOf({ resources }: VocabularyParts): Grant {
  const rules = Object.entries(resources).map(([name, { everything }]) => [name, everything] as const);
  return { actions: ['*'], ...Object.fromEntries(rules) };
}

/** The vocabulary of a server that defines no words of its own. */
export const coreVocabulary: Vocabulary<CoreWords> = defineVocabulary({});
