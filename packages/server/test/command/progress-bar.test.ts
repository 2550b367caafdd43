import { describe, expect, it } from 'vitest';
import { createProgressBar } from '../../src/command/progress-bar.ts';

function watch(total: number, isTTY: boolean) {
  let written = '';
  const write = (text: string | Uint8Array): boolean => {
    written += text;
    return true;
  };
  const bar = createProgressBar(total, 'entries', { isTTY, write });
  return { bar, written: () => written };
}

describe('a progress bar', () => {
  it('shows on a terminal how far it has come, and clears its line at the end', () => {
    const { bar, written } = watch(200, true);
    bar.show(100);
    expect(written()).toContain('50 %  100 of 200 entries');
    bar.show(300);
    expect(written()).toContain('100 %');
    bar[Symbol.dispose]();
    expect(written().endsWith('\r\u001b[K')).toBe(true);
  });

  it.each([
    [200, false],
    [0, true],
  ])('of %i on a terminal: %s, shows nothing', (total, isTTY) => {
    const { bar, written } = watch(total, isTTY);
    bar.show(100);
    bar[Symbol.dispose]();
    expect(written()).toBe('');
  });
});
