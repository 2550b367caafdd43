import { visibleText } from '@latchkey/mcp-bridge/visible-text';
import { writeJson } from './write-json.ts';

/** A value as indented JSON, which scrolls inside its own box. */
export function Code({ value, label }: { readonly value: unknown; readonly label: string }) {
  const text = typeof value === 'string' ? visibleText(value) : writeJson(value);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label={label}>
      <pre>{text}</pre>
    </section>
  );
}
