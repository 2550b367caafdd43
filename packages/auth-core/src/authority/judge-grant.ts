import { endOf, timeOf } from '../date-time.ts';
import { matchesAnyGlob } from '../matching/glob.ts';
import { anyRangeContains, parseIpAddress } from '../matching/ip-address.ts';
import type { Steps } from '../matching/steps.ts';
import type { EvaluationContext } from '../schema/evaluate.ts';
import type { AuthorityEntry } from './authority.ts';
import type { Question } from './decide.ts';
import type { AccessRequest, CountedUse, Refusal, Verdict } from './decision.ts';
import { allowsAction, type Grant, ruleOf } from './grant.ts';
import { printName } from './print-name.ts';
import type { RuleContext } from './resource-kind.ts';
import { toCountedUses } from './rule-uses.ts';
import type { VocabularyParts } from './vocabulary.ts';

/** How paths are judged: first as written; then, once all grants' folders contain them, by where they lead. */
export type PathRound = 'written' | 'real';

/** The answer of one grant to a request. Where it allows, what is to be counted is added to `uses`. */
export function judge(
  entry: AuthorityEntry,
  request: AccessRequest,
  question: Question,
  { round, mayLook, uses }: { readonly round: PathRound; readonly mayLook: boolean; readonly uses: CountedUse[] },
): Verdict {
  const { grant } = entry;
  const { context, steps, paths, tested } = question;
  const { patterns } = context;
  const isWithin: EvaluationContext['isWithin'] =
    paths &&
    ((asked) => {
      if (!mayLook && !paths.isAsked(asked.path)) return false;
      return round === 'real' ? paths.isReal(asked) : paths.isWritten(asked);
    });
  return (
    judgeTime(grant, context.now.getTime()) ??
    judgeNetwork(grant, context.address, steps) ??
    judgeProject(grant, request.project, steps) ??
    judgeAction(grant, request.action) ??
    judgeResources(entry, request, question.vocabulary, uses, {
      steps,
      tested,
      ...(patterns && { patterns }),
      ...(isWithin && { isWithin }),
    })
  );
}

/** Every requested resource must have a rule that allows it explicitly. */
function judgeResources(
  entry: AuthorityEntry,
  request: AccessRequest,
  { resources }: VocabularyParts,
  uses: CountedUse[],
  context: RuleContext,
): Verdict {
  let approval = false;
  for (const [name, kind] of Object.entries(resources)) {
    const asked = request[name];
    if (asked === undefined) continue;
    const rule = ruleOf(entry.grant, name);
    if (rule === undefined) {
      return { rule: name, reason: `${printName(kind.describe?.(asked) ?? name)} is not granted` };
    }
    const verdict = kind.decide(rule, asked, context);
    if (verdict.allowed !== true) return { rule: verdict.rule ?? name, reason: verdict.reason };
    approval ||= verdict.approval === true;
    uses.push(...toCountedUses(entry, name, verdict.limits));
  }
  return { approval };
}

export function judgeAction(grant: Grant, action: string): Refusal | undefined {
  return allowsAction(grant, action) ? undefined : { rule: 'actions', reason: `action ${action} is not granted` };
}

export function judgeTime({ notBefore, expiresAt }: Grant, now: number): Refusal | undefined {
  // Written so that an invalid date denies: every comparison with NaN is false.
  if (notBefore !== undefined && !(now >= timeOf(notBefore))) {
    return { rule: 'notBefore', reason: `not valid before ${notBefore}` };
  }
  if (!(now < endOf(expiresAt))) {
    return { rule: 'expiresAt', reason: `expired at ${expiresAt}` };
  }
  return undefined;
}

export function judgeNetwork({ networks }: Grant, address: string | undefined, steps: Steps): Refusal | undefined {
  if (networks === undefined) return undefined;
  const parsed = address === undefined ? undefined : parseIpAddress(address);
  if (parsed === undefined) return { rule: 'networks', reason: "the caller's address is not known" };
  if (anyRangeContains(networks, parsed, steps)) return undefined;
  return { rule: 'networks', reason: "the caller's address is outside the allowed networks" };
}

function judgeProject({ projects }: Grant, project: string | undefined, steps: Steps): Refusal | undefined {
  if (projects === undefined) return undefined;
  if (project === undefined) return { rule: 'projects', reason: 'no project is named' };
  if (matchesAnyGlob(projects, project.normalize('NFC'), steps)) return undefined;
  return { rule: 'projects', reason: 'the project is not granted' };
}
