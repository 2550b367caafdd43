import { endOf, parseDateTime } from '../date-time.ts';
import { matchesAnyGlob } from '../matching/glob.ts';
import { anyHostMatches, readHost } from '../matching/host-glob.ts';
import { anyRangeContains, parseIpAddress } from '../matching/ip-address.ts';
import type { Steps } from '../matching/steps.ts';
import type { EvaluationContext } from '../schema/evaluate.ts';
import type { Action } from './action.ts';
import type { AccessRequest, Question, Refusal, Verdict } from './decide.ts';
import { decideTool } from './decide-tool.ts';
import type { Grant } from './grant.ts';
import { printName } from './print-name.ts';

/** How paths are judged: first as they are written, then, once they are inside the folders of all grants, where they lead. */
export type PathRound = 'written' | 'real';

/** What one grant says of a request. */
export function judge(
  grant: Grant,
  request: AccessRequest,
  question: Question,
  { round, mayLook }: { readonly round: PathRound; readonly mayLook: boolean },
): Verdict {
  const { context, steps, paths, tested } = question;
  const { patterns } = context;
  const isWithin: EvaluationContext['isWithin'] =
    paths &&
    ((asked) => {
      if (!mayLook && !paths.isAsked(asked.path)) return false;
      return round === 'real' ? paths.isReal(asked) : paths.isWritten(asked);
    });
  const tool = { steps, tested, ...(patterns && { patterns }), ...(isWithin && { isWithin }) };
  return (
    judgeTime(grant, context.now.getTime()) ??
    judgeNetwork(grant, context.address, steps) ??
    judgeProject(grant, request.project, steps) ??
    judgeTarget(grant, request, steps) ??
    (request.tool === undefined ? { approval: false } : decideTool(grant.mcp ?? {}, request.tool, tool))
  );
}

export function allowsAction(grant: Grant, action: Action): boolean {
  return grant.actions.includes('*') || grant.actions.includes(action);
}

export function actionReason(action: Action): string {
  return `action ${action} is not granted`;
}

export function judgeTime({ notBefore, expiresAt }: Grant, now: number): Refusal | undefined {
  // Written so that a date that cannot be read denies: no comparison with NaN holds.
  if (notBefore !== undefined && !(now >= (parseDateTime(notBefore) ?? Number.NaN))) {
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
  if (matchesAnyGlob(projects, project, steps)) return undefined;
  return { rule: 'projects', reason: 'the project is not granted' };
}

function judgeTarget(grant: Grant, { action, model, ephemeral }: AccessRequest, steps: Steps): Refusal | undefined {
  if (!allowsAction(grant, action)) return { rule: 'actions', reason: actionReason(action) };
  if (model !== undefined && !matchesAnyGlob(grant.models ?? [], model, steps)) {
    return { rule: 'models', reason: `model ${printName(model)} is not granted` };
  }
  if (ephemeral !== undefined) {
    const { hosts = [], tools = [] } = grant.ephemeralMcp ?? {};
    const { host, tool } = ephemeral;
    if (!anyHostMatches(hosts, readHost(host), steps)) {
      return { rule: 'ephemeralMcp', reason: `MCP server at ${printName(host)} is not granted` };
    }
    if (tool === undefined ? tools.length === 0 : !matchesAnyGlob(tools, tool, steps)) {
      return { rule: 'ephemeralMcp', reason: `${printName(`${host}.${tool ?? '*'}`)} is not granted` };
    }
  }
  return undefined;
}
