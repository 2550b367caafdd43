import { createInterface } from 'node:readline';

/** Waits for one pasted line; at the end of the input, it waits for ever. */
export function readAnswerLine(
  input: NodeJS.ReadableStream & { unref?: () => void },
): Disposable & { readonly answer: Promise<string> } {
  const lines = createInterface({ input, terminal: false });
  const answer = new Promise<string>((resolve) => {
    lines.on('line', (line) => {
      if (line.trim() !== '') resolve(line.trim());
    });
  });
  return {
    answer,
    [Symbol.dispose]() {
      lines.close();
      input.unref?.();
    },
  };
}
