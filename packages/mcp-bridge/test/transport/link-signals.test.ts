import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { linkSignals } from '../../src/transport/link-signals.ts';

describe('linkSignals', () => {
  it('aborts with the first of them, and with its reason', () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const { signal } = linkSignals([first.signal, undefined, second.signal]);
    expect(signal.aborted).toBe(false);
    second.abort('over');
    first.abort('late');
    expect([signal.aborted, signal.reason]).toEqual([true, 'over']);
  });

  it('is aborted from the start by one that is', () => {
    const live = new AbortController();
    expect(linkSignals([live.signal, AbortSignal.abort('over')]).signal.reason).toBe('over');
    expect(linkSignals([AbortSignal.abort('over'), live.signal]).signal.reason).toBe('over');
    expect(getEventListeners(live.signal, 'abort')).toHaveLength(0);
  });

  it('leaves no listener behind when it is released, aborted or followed', () => {
    const live = new AbortController();
    linkSignals([live.signal]).release();
    linkSignals([live.signal]).abort();
    const other = new AbortController();
    linkSignals([live.signal, other.signal]);
    other.abort();
    expect(live.signal.aborted).toBe(false);
    expect(getEventListeners(live.signal, 'abort')).toHaveLength(0);
  });

  it('does not follow once it is released', () => {
    const live = new AbortController();
    const { signal, release } = linkSignals([live.signal]);
    release();
    live.abort();
    expect(signal.aborted).toBe(false);
  });
});
