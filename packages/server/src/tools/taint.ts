import { matchesGlob } from '@latchkey/auth-core';
import type { ToolGateCall } from '@latchkey/mcp-bridge';
import type { JudgedCall } from './audited-gate.ts';

/** What an operator says of a tool: it reads what is not for everybody, brings in what strangers wrote, or sends things out. */
export type ToolLabel = 'private' | 'untrusted' | 'egress';

/** Which calls are stopped once untrusted content has entered a run. */
export interface TaintRules {
  readonly taint: 'off' | 'deny' | 'ask';
  /** The labels of the calls that are stopped. */
  readonly taintedCalls: readonly ('egress' | 'private')[];
  /** Plugin id to tool to labels; in both names `*` stands for any run of characters, and all that match add up. */
  readonly toolLabels: Readonly<Record<string, Readonly<Record<string, readonly ToolLabel[]>>>>;
}

/** Follows one run. */
export interface RunTaint {
  /** Stops a call that is allowed otherwise, or has a person asked about it. What is refused stays refused. */
  judge(call: ToolGateCall, judged: JudgedCall): JudgedCall;
  /** What this tool has answered is read by the model. */
  entered(server: string, tool: string): void;
}

/** @param begun the run goes on from one in which tools have answered: nobody knows any more which ones */
export function followTaint(rules: TaintRules, begun: boolean): RunTaint {
  let source = begun ? 'an earlier answer of this conversation' : undefined;
  return {
    judge(call, judged) {
      // Listing a tool sends nothing anywhere.
      if (source === undefined || call.arguments === undefined) return judged;
      return stopLabelled(rules, call, judged, `untrusted content (${source}) is in this run`);
    },
    entered(server, tool) {
      if (labelsOf(rules.toolLabels, server, tool).includes('untrusted')) source ??= `${server} ${tool}`;
    },
  };
}

/**
 * Judges a call, or the listing of a tool, in a run that somebody else conducts: what is in it already is not known here,
 * so it counts as tainted. What would be stopped each time is not listed either.
 */
export const judgeOutsideRun = (rules: TaintRules, call: ToolGateCall, judged: JudgedCall): JudgedCall =>
  stopLabelled(rules, call, judged, 'untrusted content may be in the run of this client');

function stopLabelled(
  { taint, taintedCalls, toolLabels }: TaintRules,
  { server, tool }: ToolGateCall,
  judged: JudgedCall,
  why: string,
): JudgedCall {
  if (taint === 'off' || !judged.allowed || tool === undefined) return judged;
  const label = taintedCalls.find((stopped) => labelsOf(toolLabels, server, tool).includes(stopped));
  if (label === undefined) return judged;
  if (taint === 'ask') return { ...judged, approval: true };
  const reason = `${why}, and this tool is labelled ${label}`;
  return { allowed: false, reason, facts: { rule: 'taint', reason } };
}

/** Nobody vouches for a server that a request brings along. */
const OF_STRANGERS: readonly ToolLabel[] = ['untrusted', 'egress'];

function labelsOf(toolLabels: TaintRules['toolLabels'], server: string, tool: string): readonly ToolLabel[] {
  const labels = Object.entries(toolLabels)
    .filter(([pattern]) => matchesGlob(pattern, server))
    .flatMap(([, tools]) => Object.entries(tools).filter(([pattern]) => matchesGlob(pattern, tool)))
    .flatMap(([, given]) => given);
  return server.startsWith('ephemeral/') ? [...labels, ...OF_STRANGERS] : labels;
}
