import { visibleText } from '@latchkey/mcp-bridge/visible-text';
import type { Answer } from '../api/transcript.ts';
import { strings } from '../strings.ts';
import { CallView } from './call-view.tsx';

const words = strings.playground;

interface AnswerViewProps {
  readonly answer: Answer;
  /** Whether it goes on. */
  readonly isLive: boolean;
  readonly mayDecide: boolean;
}

/** An answer as it comes. Everything in it is text, whatever it looks like: a model and a tool write what they want. */
export function AnswerView({ answer, isLive, mayDecide }: AnswerViewProps) {
  const { items, loading, stats } = answer;
  return (
    <>
      {items.map((item, at) => {
        if (item.type === 'call') return <CallView key={at} call={item} isLive={isLive} mayDecide={mayDecide} />;
        if (item.text === '') return null;
        if (item.type === 'message') {
          return (
            <p key={at} class="text">
              {visibleText(item.text)}
            </p>
          );
        }
        return (
          <details key={at}>
            <summary>{words.reasoned}</summary>
            <p class="text">{visibleText(item.text)}</p>
          </details>
        );
      })}
      {isLive && <p class="hint">{loading === undefined ? words.working : words.loading(loading)}</p>}
      {!isLive && stats !== undefined && (
        <p class="hint">{words.stats(stats.input_tokens, stats.total_output_tokens, stats.tokens_per_second)}</p>
      )}
    </>
  );
}
