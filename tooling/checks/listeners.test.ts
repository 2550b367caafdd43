import { expect, it } from 'vitest';
import { readSources } from './sources.ts';

/** A direct call of a listener: if the listener throws, it breaks the work that it is notified of. */
const CALLED = /\bon[A-Z]\w*\?\.\(/g;

it('a function that a host passes in to be told something is called by notify', () => {
  const packages = '{auth-core,koa-auth,client,engine,llama,mcp-bridge}';
  const sources = readSources(`packages/${packages}/src/**/*.ts`).filter(({ path }) => !path.includes('/child/'));
  const found = sources.flatMap(({ path, text }) => [...text.matchAll(CALLED)].map(([call]) => `${path}: ${call}`));
  expect(found).toEqual([]);
  expect(sources.some(({ text }) => text.includes('notify(onError'))).toBe(true);
});
