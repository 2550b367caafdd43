import { describe, expect, it } from 'vitest';
import { BoundedTail } from '../../src/transport/bounded-tail.ts';

describe('BoundedTail', () => {
  it('keeps the last lines', () => {
    const tail = new BoundedTail(100);
    tail.append(Buffer.from('one\ntwo\n'));
    tail.append(Buffer.from('three\n'));
    expect(tail.lastLines(2)).toBe('two\nthree');
  });

  it('forgets what is beyond its limit, in many small pieces or few large ones', () => {
    const tail = new BoundedTail(10);
    for (let count = 0; count < 5_000; count += 1) tail.append(Buffer.from(String(count % 10)));
    expect(tail.lastLines(1)).toBe('0123456789');
    expect(tail.size).toBeLessThan(2_000);
    tail.append(Buffer.alloc(1_000_000, 'x'));
    expect(tail.size).toBe(10);
    expect(tail.lastLines(1)).toBe('x'.repeat(10));
  });

  it('forgets what was before a line, once the whole of it is there', () => {
    const tail = new BoundedTail(100);
    tail.append(Buffer.from('noise\nbeg'));
    expect(tail.forgetBefore('begin')).toBe(false);
    tail.append(Buffer.from('in\nown'));
    expect(tail.forgetBefore('begin')).toBe(true);
    tail.append(Buffer.from(' words'));
    expect(tail.lastLines(5)).toBe('own words');
  });
});
