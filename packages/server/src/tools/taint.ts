import { matchesGlob } from '@latchkey/auth-core';
import type { ToolGateCall } from '@latchkey/mcp-bridge';
import type { JudgedCall } from './audited-gate.ts';

/** A label that an operator gives a tool: it reads private data, brings in untrusted content, or sends data out. */
export type ToolLabel = 'private' | 'untrusted' | 'egress';

/** Which calls are stopped after untrusted content has entered a run. */
export interface TaintRules {
  readonly taint: 'off' | 'deny' | 'ask';
  /** The labels of the calls that are stopped. */
  readonly taintedCalls: readonly ('egress' | 'private')[];
  /** Plugin id to tool to labels. In both names `*` matches any run of characters; all matching labels apply. */
  readonly toolLabels: Readonly<Record<string, Readonly<Record<string, readonly ToolLabel[]>>>>;
}

/** Tracks the taint of one run. */
export interface RunTaint {
  /** Denies a call that is otherwise allowed, or requires approval for it. A denied call stays denied. */
  judge(call: ToolGateCall, judged: JudgedCall): JudgedCall;
  /** Records that the model reads an answer of this tool. */
  entered(server: string, tool: string): void;
}

/** @param begun the run continues one in which tools have answered; which ones is not known */
export function followTaint(rules: TaintRules, begun: boolean): RunTaint {
  let source = begun ? 'an earlier answer of this conversation' : undefined;
  return {
    judge(call, judged) {
      // Listing a tool sends no data.
      if (source === undefined || call.arguments === undefined) return judged;
      return stopLabelled(rules, call, judged, source, `untrusted content (${source}) is in this run`);
    },
    entered(server, tool) {
      if (labelsOf(rules.toolLabels, server, tool).includes('untrusted')) source ??= `${server} ${tool}`;
    },
  };
}

/**
 * Judges a call, or the listing of a tool, in a run that an external client conducts. What the run already contains is
 * not known here, so it counts as tainted. A tool whose calls would always be denied is not listed either.
 */
export const judgeOutsideRun = (rules: TaintRules, call: ToolGateCall, judged: JudgedCall): JudgedCall =>
  stopLabelled(rules, call, judged, 'what this client has read', 'untrusted content may be in the run of this client');

function stopLabelled(
  { taint, taintedCalls, toolLabels }: TaintRules,
  { server, tool }: ToolGateCall,
  judged: JudgedCall,
  content: string,
  why: string,
): JudgedCall {
  if (taint === 'off' || !judged.allowed || tool === undefined) return judged;
  const label = taintedCalls.find((stopped) => labelsOf(toolLabels, server, tool).includes(stopped));
  if (label === undefined) return judged;
  if (taint === 'ask') return { ...judged, approval: [...(judged.approval ?? []), { type: 'taint', content, label }] };
  const reason = `${why}, and this tool is labelled ${label}`;
  return { allowed: false, reason, facts: { rule: 'taint', reason } };
}

/** The labels of all tools of request-scoped servers, which no operator has reviewed. */
const OF_STRANGERS: readonly ToolLabel[] = ['untrusted', 'egress'];

function labelsOf(toolLabels: TaintRules['toolLabels'], server: string, tool: string): readonly ToolLabel[] {
  const labels = Object.entries(toolLabels)
    .filter(([pattern]) => matchesGlob(pattern, server))
    .flatMap(([, tools]) => Object.entries(tools).filter(([pattern]) => matchesGlob(pattern, tool)))
    .flatMap(([, given]) => given);
  return server.startsWith('ephemeral/') ? [...labels, ...OF_STRANGERS] : labels;
}
