import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetDownload, keepDownload, keptDownloads } from '../src/api/download-store.ts';

const kept = new Map<string, string>();
const one = (id: string, startedAt = 'now') => ({ id, startedAt, asked: { model: 'acme/nano' } });

beforeEach(() => {
  kept.clear();
  vi.stubGlobal('localStorage', {
    getItem: (place: string) => kept.get(place) ?? null,
    setItem: (place: string, text: string) => kept.set(place, text),
    removeItem: (place: string) => kept.delete(place),
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('the downloads that a browser keeps', () => {
  it('are those that were started and not forgotten', () => {
    keepDownload(one('a'));
    keepDownload(one('b'));
    forgetDownload('a');
    expect(keptDownloads()).toEqual([one('b')]);
    forgetDownload('b');
    expect([keptDownloads(), kept.size]).toEqual([[], 0]);
  });

  it('have one place for each id: another attempt takes that of the first', () => {
    keepDownload(one('a', 'first'));
    keepDownload(one('a', 'second'));
    expect(keptDownloads()).toEqual([one('a', 'second')]);
  });

  it('have an end', () => {
    for (let index = 0; index < 40; index += 1) keepDownload(one(String(index)));
    expect([keptDownloads().length, keptDownloads()[0]?.id]).toEqual([32, '8']);
  });

  it.each(['{', '{}', 'null', '[null, 1, {}, {"id":"a","startedAt":"now","asked":null}]'])('are none in %s', (text) => {
    keepDownload(one('a'));
    const [place] = kept.keys();
    kept.set(place ?? '', text);
    expect(keptDownloads()).toEqual([]);
  });
});
