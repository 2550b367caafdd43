import type { ShownApproval } from '@latchkey/client';
import { visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';
import { useEffect, useState } from 'preact/hooks';
import { listApprovals } from '../api/approvals.ts';
import type { CallItem } from '../api/transcript.ts';
import { strings } from '../strings.ts';
import { ApprovalCard } from './approval-card.tsx';
import { ArgumentList } from './argument-list.tsx';
import { Code } from './code.tsx';
import { Failure } from './notice.tsx';

const words = strings.playground;

interface CallViewProps {
  readonly call: CallItem;
  /** Whether the answer goes on. */
  readonly isLive: boolean;
  readonly mayDecide: boolean;
}

/** A tool call of an answer: its arguments, its result, and, while it waits for a person, the decision. */
export function CallView({ call, isLive, mayDecide }: CallViewProps) {
  const { tool, server = '', arguments: args, output, reason, approvalId } = call;
  const hasEnded = call.state === 'done' || call.state === 'failed';
  const state = hasEnded || isLive ? call.state : 'stopped';
  const title = visibleLine(words.call(tool, server));
  return (
    <section class="call">
      <h3>
        <code>{title}</code> <span class={`state state-${state}`}>{words.callStates[state]}</span>
      </h3>
      {approvalId !== undefined && state === 'waiting' ? (
        <Decision id={approvalId} mayDecide={mayDecide} />
      ) : (
        args !== undefined && (isObject(args) ? <ArgumentList value={args} /> : <Code value={args} label={title} />)
      )}
      {reason !== undefined && <p class="field-error">{visibleText(reason)}</p>}
      {output !== undefined && (
        <details>
          <summary>{words.result}</summary>
          <Code value={output} label={`${words.result}: ${title}`} />
        </details>
      )}
    </section>
  );
}

/** The call as the page of approvals shows it, where this caller may decide about it. */
function Decision({ id, mayDecide }: { readonly id: string; readonly mayDecide: boolean }) {
  const [approval, setApproval] = useState<ShownApproval | null>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (!mayDecide) return;
    listApprovals().then(
      (approvals) => setApproval(approvals.find((one) => one.id === id) ?? null),
      (cause: unknown) => setError(cause),
    );
  }, [id, mayDecide]);
  if (!mayDecide) return <p class="notice notice-warning">{words.mayNotDecide}</p>;
  if (error !== undefined) return <Failure error={error} />;
  if (approval === undefined) return <p role="status">{strings.loading}</p>;
  if (approval === null) return <p class="hint">{words.decidedElsewhere}</p>;
  return (
    <ul class="plain">
      <ApprovalCard approval={approval} />
    </ul>
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
