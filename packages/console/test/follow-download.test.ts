import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Download } from '../src/api/downloads.ts';
import { followDownload } from '../src/parts/follow-download.ts';

const running = { job_id: 'job_1', model: 'acme/nano', status: 'downloading', total_size_bytes: 10 } as const;
const page = Object.assign(new EventTarget(), { hidden: false });

let answers: (readonly [number, unknown])[];
let requests: number;
let seen: (string | number)[];
let stopped: AbortController;

const listener = {
  onState: ({ status, downloaded_bytes: bytes }: Download) => seen.push(`${status} ${bytes}`),
  onFailure: (error: unknown) => seen.push((error as { status: number }).status),
};

beforeEach(() => {
  vi.useFakeTimers();
  [answers, requests, seen, stopped] = [[], 0, [], new AbortController()];
  page.hidden = false;
  vi.stubGlobal('document', page);
  vi.stubGlobal('localStorage', { getItem: () => null });
  vi.stubGlobal('fetch', async () => {
    requests += 1;
    const [status, body] = answers.shift() ?? [200, { ...running, downloaded_bytes: 0 }];
    return Response.json(body, { status });
  });
});
afterEach(() => {
  stopped.abort();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('a download that is followed', () => {
  it('is read until it has ended', async () => {
    answers = [
      [200, { ...running, downloaded_bytes: 5 }],
      [200, { ...running, status: 'completed', downloaded_bytes: 10 }],
    ];
    const followed = followDownload('job_1', listener, stopped.signal);
    await vi.advanceTimersByTimeAsync(5000);
    await followed;
    expect([seen, requests]).toEqual([['downloading 5', 'completed 10'], 2]);
  });

  it('is not asked about while the page is out of sight, and at once when it is seen again', async () => {
    void followDownload('job_1', listener, stopped.signal);
    await vi.advanceTimersByTimeAsync(10);
    page.hidden = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(requests).toBe(1);
    page.hidden = false;
    page.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(10);
    expect(requests).toBe(2);
  });

  it('is asked about again after a failure that passes, and not after a refusal', async () => {
    answers = [
      [503, {}],
      [404, {}],
    ];
    await Promise.all([followDownload('job_1', listener, stopped.signal), vi.advanceTimersByTimeAsync(10_000)]);
    expect([seen, requests]).toEqual([[503, 404], 2]);
  });

  it('is left when the signal fires', async () => {
    const followed = followDownload('job_1', listener, stopped.signal);
    await vi.advanceTimersByTimeAsync(10);
    stopped.abort();
    await followed;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(requests).toBe(1);
  });
});
