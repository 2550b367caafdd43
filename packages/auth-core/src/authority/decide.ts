import { createSteps, type Steps, unlessUsedUp } from '../matching/steps.ts';
import type { TestedTexts } from '../matching/test-pattern.ts';
import type { AskedPaths } from './asked-paths.ts';
import type { Authority, DecisionContext } from './authority.ts';
import type { AccessRequest, AskedResources, CountedUse, Decision, DeniedDecision, Refusal } from './decision.ts';
import { allowsAction, type Grant, ruleOf } from './grant.ts';
import { judge, judgeAction, judgeNetwork, judgeTime, type PathRound } from './judge-grant.ts';
import type { VocabularyParts } from './vocabulary.ts';

/** Decides whether an authority allows a request, within a number of steps: see `Vocabulary.decide`. */
export function decide(
  vocabulary: VocabularyParts,
  authority: Authority,
  request: AccessRequest,
  context: DecisionContext,
  steps: Steps = createSteps(),
): Decision {
  checkWords(vocabulary, request);
  if (authority.length === 0) return NO_AUTHORITY;
  const question = createQuestion(vocabulary, context, steps);
  const verdict = judgeAll(authority, request, question);
  if ('allowed' in verdict) return verdict;
  const sent = judgePaths(authority, request, question);
  if (sent !== undefined && 'allowed' in sent) return sent;
  const limits = leastCeilings(authority, vocabulary);
  return {
    allowed: true,
    approval: verdict.approval,
    ...sent,
    ...(limits !== undefined && { limits }),
    ...(verdict.uses.length > 0 && { uses: verdict.uses }),
  };
}

/** Throws for words that the vocabulary lacks: they come from the server's own code, and would never be decided. */
function checkWords({ actions, resources }: VocabularyParts, request: AccessRequest): void {
  checkAction(actions, request.action);
  for (const name of Object.keys(request)) {
    if (name === 'action' || name === 'project' || Object.hasOwn(resources, name)) continue;
    throw new TypeError(
      `the vocabulary has no resource ${JSON.stringify(name)}; it has: ${Object.keys(resources).join(', ')}`,
    );
  }
}

/** @throws {TypeError} when the vocabulary lacks the action */
export function checkAction(actions: readonly string[], action: string): void {
  if (actions.includes(action)) return;
  throw new TypeError(`the vocabulary has no action ${JSON.stringify(action)}; it has: ${actions.join(', ')}`);
}

/** The state that all grants share in one decision. */
export interface Question {
  readonly vocabulary: VocabularyParts;
  readonly context: DecisionContext;
  readonly steps: Steps;
  readonly paths: AskedPaths | undefined;
  /** The results of the patterns that were tested so far. */
  readonly tested: TestedTexts;
}

function createQuestion(vocabulary: VocabularyParts, context: DecisionContext, steps: Steps): Question {
  const { resolvePath } = context;
  // Without a kind that has conditions, nothing asks about a path.
  const conditions = resolvePath && Object.values(vocabulary.resources).find((kind) => kind.conditions)?.conditions;
  const paths = resolvePath && conditions?.openPaths(resolvePath, steps);
  return { vocabulary, context, steps, paths, tested: new Map() };
}

function judgeAll(
  authority: Authority,
  request: AccessRequest,
  question: Question,
  round: PathRound = 'written',
): DeniedDecision | { readonly approval: boolean; readonly uses: readonly CountedUse[] } {
  let approval = false;
  const uses: CountedUse[] = [];
  for (const [index, entry] of authority.entries()) {
    const { source, added = false } = entry;
    const before = authority.slice(0, index);
    // Such a holder could make a token with the same grant.
    const mayLook = !added || (index > 0 && before.every(({ grant }) => allowsAction(grant, 'tokens:write')));
    const verdict = unlessUsedUp(() => judge(entry, request, question, { round, mayLook, uses }), USED_UP);
    if ('rule' in verdict) {
      return { allowed: false, grant: index + 1, source, rule: verdict.rule, reason: verdict.reason };
    }
    approval ||= verdict.approval;
  }
  return { approval, uses };
}

const USED_UP: Refusal = {
  rule: 'steps',
  reason: 'it takes too many steps to decide: the request is too large for the conditions of the grants',
};

/**
 * Looks up the paths that grants ask about, and judges what would be done: with real paths. Conditions beside `within`
 * must hold for a path as it is written and as it is sent. Undefined when nothing changes.
 */
function judgePaths(
  authority: Authority,
  request: AccessRequest,
  question: Question,
): DeniedDecision | { readonly instead: AskedResources } | undefined {
  const { paths } = question;
  if (paths?.hasAny() !== true) return undefined;
  const denial = judgeAll(authority, request, question, 'real');
  if ('allowed' in denial) return denial;
  const instead = new Map<string, unknown>();
  for (const [index, { grant, source }] of authority.entries()) {
    const isPlaced = unlessUsedUp(() => placeAll(grant, request, question, paths, instead), false);
    if (!isPlaced) return { allowed: false, grant: index + 1, source, ...USED_UP };
  }
  if (instead.size === 0) return undefined;
  const changed: AskedResources = Object.fromEntries(instead);
  const verdict = judgeAll(authority, { ...request, ...changed }, question, 'real');
  return 'allowed' in verdict ? verdict : { instead: changed };
}

/** Puts real paths where the rules of a grant want paths inside folders. */
function placeAll(
  grant: Grant,
  request: AccessRequest,
  { vocabulary, steps }: Question,
  { inPlace }: AskedPaths,
  instead: Map<string, unknown>,
): boolean {
  for (const [name, kind] of Object.entries(vocabulary.resources)) {
    if (request[name] === undefined || kind.place === undefined) continue;
    const asked = instead.get(name) ?? request[name];
    const placed = kind.place(ruleOf(grant, name), asked, { steps, inPlace });
    if (placed !== asked) instead.set(name, placed);
  }
  return true;
}

const NO_AUTHORITY: DeniedDecision = Object.freeze({
  allowed: false,
  grant: 0,
  source: 'nobody',
  rule: 'authority',
  reason: 'there is no grant',
});

/** Denies an action that some grant of the authority does not name. Decides nothing else: see `Vocabulary.decide`. */
export function denyAction(authority: Authority, action: string): DeniedDecision | undefined {
  if (authority.length === 0) return NO_AUTHORITY;
  return findRefusal(authority, (grant) => judgeAction(grant, action));
}

/** Denies every request at a time that some grant of the authority does not allow. Decides nothing else. */
export function denyTime(authority: Authority, now: Date): DeniedDecision | undefined {
  return findRefusal(authority, (grant) => judgeTime(grant, now.getTime()));
}

/**
 * Denies whatever is asked at a time or from a network that some grant of the authority leaves out. Decides nothing
 * else: see `Vocabulary.decide`.
 */
export function denyTimeAndPlace(
  authority: Authority,
  { now, address }: Pick<DecisionContext, 'now' | 'address'>,
): DeniedDecision | undefined {
  const steps = createSteps();
  return findRefusal(
    authority,
    (grant) => judgeTime(grant, now.getTime()) ?? unlessUsedUp(() => judgeNetwork(grant, address, steps), USED_UP),
  );
}

function findRefusal(authority: Authority, refuse: (grant: Grant) => Refusal | undefined): DeniedDecision | undefined {
  for (const [index, { grant, source }] of authority.entries()) {
    const refusal = refuse(grant);
    if (refusal !== undefined) return { allowed: false, grant: index + 1, source, ...refusal };
  }
  return undefined;
}

function leastCeilings(
  authority: Authority,
  { limits }: VocabularyParts,
): Readonly<Record<string, number>> | undefined {
  let least: Record<string, number> | undefined;
  for (const { grant } of authority) {
    for (const [name, limit] of Object.entries(grant.limits ?? {})) {
      if (limit === undefined || limits[name]?.kind !== 'ceiling') continue;
      least ??= {};
      least[name] = Math.min(limit, least[name] ?? limit);
    }
  }
  return least;
}
