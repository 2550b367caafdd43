import type { ApprovalAnswer, ApprovalReason, ShownApproval } from '@latchkey/client';
import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useEffect, useId, useState } from 'preact/hooks';
import { decide } from '../api/approvals.ts';
import { strings } from '../strings.ts';
import { ArgumentList } from './argument-list.tsx';
import { ArgumentsEditor, type EditedArguments } from './arguments-editor.tsx';
import { formatDistance, Moment } from './moment.tsx';
import { Failure } from './notice.tsx';
import { writeJson } from './write-json.ts';

const words = strings.approvals;
const TICK_MILLISECONDS = 5000;

/** One call that waits: what is called, for whom, why a person is asked, and the decision. */
export function ApprovalCard({ approval }: { readonly approval: ShownApproval }) {
  const { id, server, tool, token, project, arguments: args, reasons, requestedAt, expiresAt, caller } = approval;
  const [edited, setEdited] = useState<EditedArguments>();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const title = useId();

  const answer = async (given: ApprovalAnswer): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await decide(id, given);
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  return (
    <li class="card" aria-labelledby={title}>
      <h2 id={title}>
        <code>{visibleLine(tool)}</code> {words.of} <code>{visibleLine(server)}</code>
      </h2>
      <dl class="facts">
        <div>
          <dt>{words.caller}</dt>
          <dd>
            {visibleLine(token.name)}
            {token.owner !== '' && ` (${visibleLine(token.owner)})`}
          </dd>
        </div>
        {project !== null && (
          <div>
            <dt>{words.project}</dt>
            <dd>{visibleLine(project)}</dd>
          </div>
        )}
        <div>
          <dt>{words.requested}</dt>
          <dd>
            <Moment time={requestedAt} />
          </dd>
        </div>
        <div>
          <dt>{words.deniedWithout}</dt>
          <dd>
            <Countdown time={expiresAt} />
          </dd>
        </div>
      </dl>
      <section>
        <h3>{words.why}</h3>
        <ul class="reasons">
          {reasons.map((reason) => (
            <li key={JSON.stringify(reason)}>{visibleLine(describeReason(reason))}</li>
          ))}
          {caller === 'away' && <li>{words.away}</li>}
        </ul>
      </section>
      <section>
        <h3>{words.arguments}</h3>
        {edited === undefined ? (
          <ArgumentList value={args} />
        ) : (
          <ArgumentsEditor original={args} edited={edited} onChange={setEdited} />
        )}
      </section>
      {error !== undefined && <Failure error={error} />}
      <div class="actions">
        {edited === undefined ? (
          <>
            <button
              type="button"
              class="primary"
              disabled={isBusy}
              onClick={() => void answer({ decision: 'approve' })}
            >
              {words.approve}
            </button>
            <button type="button" disabled={isBusy} onClick={() => setEdited({ text: writeJson(args), value: args })}>
              {words.edit}
            </button>
          </>
        ) : (
          <>
            <button
              type="button"
              class="primary"
              disabled={isBusy || edited.value === undefined}
              onClick={() => void answer({ decision: 'approve', arguments: edited.value ?? {} })}
            >
              {words.approveEdited}
            </button>
            <button type="button" disabled={isBusy} onClick={() => setEdited(undefined)}>
              {words.asSent}
            </button>
          </>
        )}
        <button type="button" class="danger" disabled={isBusy} onClick={() => void answer({ decision: 'deny' })}>
          {words.deny}
        </button>
      </div>
    </li>
  );
}

function describeReason(reason: ApprovalReason): string {
  switch (reason.type) {
    case 'grant':
      return words.reasons.grant(reason.source);
    case 'caller':
      return words.reasons.caller;
    case 'taint':
      return words.reasons.taint(reason.content, reason.label);
  }
}

/** How much time is left. */
function Countdown({ time }: { readonly time: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={time} title={time}>
      {formatDistance(time, now)}
    </time>
  );
}
