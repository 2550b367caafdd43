import { visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';
import { useState } from 'preact/hooks';
import { approvePins, type ReviewedTool } from '../api/mcp-servers.ts';
import { strings } from '../strings.ts';
import { Failure } from './notice.tsx';

const words = strings.mcp;

interface PinReviewProps {
  readonly label: string;
  readonly tools: readonly ReviewedTool[];
  readonly mayApprove: boolean;
  readonly onApproved: (names: readonly string[]) => void;
}

/**
 * The definitions of a server that are held back, each with what differs from the approved one. What is approved is what
 * was shown: a definition that has changed since is refused.
 */
export function PinReview({ label, tools, mayApprove, onApproved }: PinReviewProps) {
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const waiting = tools.filter(({ state }) => state !== 'approved');
  const approve = async (chosen: readonly ReviewedTool[]): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await approvePins(label, chosen);
      onApproved(chosen.map(({ name }) => name));
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  if (waiting.length === 0) return <p class="hint">{words.nothingHeld}</p>;
  return (
    <div class="stack">
      {waiting.map((tool) => (
        <section key={tool.name} class="card" aria-label={visibleLine(words.definitionOf(tool.name))}>
          <h3>
            <code>{visibleLine(tool.name)}</code> <span class="state state-waiting">{words.pinStates[tool.state]}</span>
          </h3>
          {tool.flags.map(({ kind, path, detail }) => (
            <p key={`${kind} ${path}`} class="notice notice-warning">
              {words.flags[kind]}
              {path !== '' && ` (${visibleText(path)})`}: {visibleText(detail)}
            </p>
          ))}
          <Diff text={tool.diff ?? ''} label={visibleLine(words.definitionOf(tool.name))} />
          {mayApprove && (
            <div class="actions">
              <button
                type="button"
                disabled={isBusy}
                aria-label={visibleLine(words.approveOne(tool.name))}
                onClick={() => void approve([tool])}
              >
                {words.approve}
              </button>
            </div>
          )}
        </section>
      ))}
      {error !== undefined && <Failure error={error} />}
      {mayApprove && waiting.length > 1 && (
        <div class="actions">
          <button type="button" class="primary" disabled={isBusy} onClick={() => void approve(waiting)}>
            {words.approveAll(waiting.length)}
          </button>
        </div>
      )}
    </div>
  );
}

/** A unified diff. The server has written hidden characters out; they stay so. */
function Diff({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label={words.diffOf(label)}>
      <pre>
        {text.split('\n').map((line, at) => {
          const shown = `${visibleText(line)}\n`;
          if (line.startsWith('+')) return <ins key={at}>{shown}</ins>;
          return line.startsWith('-') ? <del key={at}>{shown}</del> : <span key={at}>{shown}</span>;
        })}
      </pre>
    </section>
  );
}
