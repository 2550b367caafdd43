import { useRef, useState } from 'preact/hooks';
import { strings } from '../strings.ts';

const words = strings.shownOnce;

/** A text with a button that copies it. */
export function Copyable({ label, text }: { readonly label: string; readonly text: string }) {
  const [isCopied, setCopied] = useState(false);
  const field = useRef<HTMLPreElement>(null);
  const copy = async (): Promise<void> => {
    // Without TLS there is no clipboard; the text is selected, so that a key press copies it.
    if (navigator.clipboard === undefined) {
      if (field.current !== null) getSelection()?.selectAllChildren(field.current);
      return;
    }
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <div class="copyable">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={label}>
        <pre ref={field}>{text}</pre>
      </section>
      <button type="button" aria-label={words.copy(label)} onClick={() => void copy()}>
        {isCopied ? words.copied : words.copyShort}
      </button>
    </div>
  );
}
