import type { ModelSource } from '@latchkey/engine';
import { describe, expect, it } from 'vitest';
import { UpstreamSource } from '../../../src/engines/upstream/upstream-source.ts';
import { type ScriptedUpstream, scriptedUpstream } from './scripted-upstream.ts';

const sourceOf = ({ options }: ScriptedUpstream): UpstreamSource =>
  new UpstreamSource(options, new AbortController().signal);
const keysOf = async (source: ModelSource): Promise<readonly string[]> => (await source.list()).map(({ key }) => key);
const lists =
  (...data: readonly unknown[]) =>
  (): Response =>
    Response.json({ data });

describe('the models of upstream servers', () => {
  it('are all that they list, under their name, with the context that they say', async () => {
    const upstream = scriptedUpstream();
    upstream.listed = lists({ id: 'a/b', max_model_len: 8192 }, { id: 'c', meta: { n_ctx_train: 512 } }, { id: 'd' });
    const models = await sourceOf(upstream).list();
    expect(models.map(({ key, description }) => [key, description])).toMatchObject([
      ['box/a/b', { maxContextLength: 8192 }],
      ['box/c', { maxContextLength: 512 }],
      ['box/d', { maxContextLength: 4096 }],
    ]);
  });

  it('are those that the configuration names, under its keys, whatever is listed', async () => {
    const models = {
      'meta/tiny': { name: 'tiny', reasoning: ['low', 'high'] },
      'meta/gone': { name: 'gone' },
    } as const;
    const source = sourceOf(scriptedUpstream({ models }));
    expect(await keysOf(source)).toEqual(['meta/tiny', 'meta/gone']);
    expect(await source.find('box/tiny')).toBeUndefined();
    expect((await source.find('meta/tiny'))?.description).toMatchObject({
      maxContextLength: 1024,
      capabilities: { reasoning: { allowedOptions: ['low', 'high'], default: 'low' } },
    });
  });

  it.each([
    [
      'with a name that is none',
      lists({ id: 'tiny' }, { id: '' }, { id: '../x' }, { id: 'a\nb' }, { id: 7 }, null, 'x'),
      ['box/tiny'],
    ],
    ['in a form that is not known', () => Response.json({ models: [] }), []],
    ['as a page', () => new Response('<html>'), []],
    ['without end', () => new Response(JSON.stringify({ data: [{ id: 'tiny', more: 'x'.repeat(1_100_000) }] })), []],
    ['in a refusal', () => Response.json({ data: [{ id: 'tiny' }] }, { status: 401 }), []],
  ])('that are listed %s are none', async (_, listed, keys) => {
    const upstream = scriptedUpstream();
    upstream.listed = listed;
    const source = sourceOf(upstream);
    expect(await keysOf(source)).toEqual(keys);
    expect(await source.problems()).toHaveLength(keys.length === 0 ? 1 : 0);
  });

  it('are asked for again after ten seconds, and stay while no server answers', async () => {
    const upstream = scriptedUpstream();
    const source = sourceOf(upstream);
    expect(await keysOf(source)).toEqual(['box/tiny']);
    upstream.listed = lists({ id: 'other' });
    upstream.time += 9_999;
    expect(await keysOf(source)).toEqual(['box/tiny']);
    upstream.time += 1;
    // The old list is answered with while the new one is asked for.
    expect(await keysOf(source)).toEqual(['box/tiny']);
    await expect.poll(() => keysOf(source)).toEqual(['box/other']);
    upstream.listed = () => {
      throw new TypeError('fetch failed');
    };
    upstream.time += 10_000;
    await source.list();
    await expect.poll(() => source.problems()).toEqual(['http://one.test/v1 cannot be reached']);
    expect(await keysOf(source)).toEqual(['box/other']);
  });
});
