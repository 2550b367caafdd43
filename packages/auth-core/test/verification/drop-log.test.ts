import { describe, expect, it } from 'vitest';
import { createDropLog } from '../../src/verification/drop-log.ts';

describe('the log of what was dropped', () => {
  it('knows what was dropped since a mark', () => {
    const log = createDropLog(2);
    log.note('a');
    const mark = log.mark();
    log.note('b');
    expect(['a', 'b', 'c'].map((id) => log.isSince(id, mark))).toEqual([false, true, false]);
    log.note('a');
    expect(log.isSince('a', mark)).toBe(true);
    expect(log.isSince('a', log.mark())).toBe(false);
  });

  it('takes everything for dropped since a mark that is too old', () => {
    const log = createDropLog(2);
    const mark = log.mark();
    for (const id of ['a', 'b', 'c']) log.note(id);
    expect(log.isSince('d', mark)).toBe(true);
    expect(log.isSince('d', log.mark())).toBe(false);
  });

  it('may have room for nothing', () => {
    const log = createDropLog(0);
    const mark = log.mark();
    log.note('a');
    expect(log.isSince('a', mark)).toBe(true);
  });
});
