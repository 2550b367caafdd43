import { describe, expect, it } from 'vitest';
import { createSessionLinks } from '../../src/sessions/session-links.ts';

function newLinks() {
  const time = { now: 0 };
  return { links: createSessionLinks({ clock: () => new Date(time.now) }), time };
}

describe('a link', () => {
  it('gives its token once', () => {
    const { links } = newLinks();
    const { code } = links.make('secret');
    expect([links.use('another'), links.use(code), links.use(code)]).toEqual([undefined, 'secret', undefined]);
  });

  it('expires after two minutes', () => {
    const { links, time } = newLinks();
    const { code } = links.make('secret');
    time.now = 120_000;
    expect(links.use(code)).toBeUndefined();
  });

  it('makes the oldest useless when there are many', () => {
    const { links } = newLinks();
    const codes = Array.from({ length: 65 }, () => links.make('secret').code);
    expect(codes.map((code) => links.use(code)).filter((token) => token === undefined)).toHaveLength(1);
  });
});
