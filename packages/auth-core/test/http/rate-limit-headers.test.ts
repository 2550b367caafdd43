import { describe, expect, it } from 'vitest';
import { rateLimitHeaders } from '../../src/http/index.ts';

describe('rateLimitHeaders', () => {
  it('tells the size of each limit, what is left and until when', () => {
    const source = 'token ci-bot';
    expect(
      rateLimitHeaders([
        { name: 'requestsPerMinute', windowSeconds: 60, source, limit: 60, remaining: 59, resetSeconds: 42 },
        { name: 'concurrentRequests', unit: 'concurrent-requests', source, limit: 2, remaining: 1 },
        {
          name: 'tokensPerDay',
          unit: 'tokens',
          windowSeconds: 86_400,
          source,
          limit: 1000,
          remaining: 0,
          resetSeconds: 3600,
        },
        { name: 'tokensPerMonth', unit: 'tokens', source, limit: 9000, remaining: 8000, resetSeconds: 90_000 },
      ]),
    ).toEqual({
      'RateLimit-Policy':
        '"requestsPerMinute";q=60;w=60, "concurrentRequests";q=2;qu="concurrent-requests", ' +
        '"tokensPerDay";q=1000;qu="tokens";w=86400, "tokensPerMonth";q=9000;qu="tokens"',
      RateLimit:
        '"requestsPerMinute";r=59;t=42, "concurrentRequests";r=1, ' +
        '"tokensPerDay";r=0;t=3600, "tokensPerMonth";r=8000;t=90000',
    });
  });

  it('tells a limit that several grants have once, where the least is left, and whose it is to nobody', () => {
    const state = { name: 'requestsPerMinute', windowSeconds: 60, resetSeconds: 42 } as const;
    const headers = rateLimitHeaders([
      { ...state, source: 'server policy', limit: 600, remaining: 10 },
      { ...state, source: 'token ci-bot', limit: 60, remaining: 5 },
      { ...state, source: 'token sub-agent', limit: 20, remaining: 15 },
    ]);
    expect(headers).toEqual({
      'RateLimit-Policy': '"requestsPerMinute";q=60;w=60',
      RateLimit: '"requestsPerMinute";r=5;t=42',
    });
  });

  it('writes no number that a structured field cannot hold', () => {
    const state = {
      name: 'tokensPerMonth',
      unit: 'tokens',
      source: 'token a',
      limit: 1e300,
      remaining: 1e300,
      resetSeconds: 1,
    } as const;
    expect(rateLimitHeaders([state])).toEqual({
      'RateLimit-Policy': '"tokensPerMonth";q=999999999999999;qu="tokens"',
      RateLimit: '"tokensPerMonth";r=999999999999999;t=1',
    });
  });

  it('has nothing to tell without limits', () => {
    expect(rateLimitHeaders([])).toEqual({});
  });
});
