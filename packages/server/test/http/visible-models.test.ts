import type { AccessRequest, Grant } from '@latchkey/auth-core/llm';
import type { Model } from '@latchkey/engine';
import { scriptedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import type { RequestContext } from '../../src/http/request-context.ts';
import { createVisibleModels } from '../../src/http/visible-models.ts';

const MODELS: readonly Model[] = ['ibm/a', 'ibm/b', 'meta/c'].map((key) => scriptedModel(key));

/** A caller with one grant, which has ended from the `ends`th decision on. */
function caller(models: readonly string[], ends = Number.POSITIVE_INFINITY) {
  const asked: (unknown | undefined)[] = [];
  const decide = ({ models: key }: AccessRequest) => {
    asked.push(key);
    const matches = key === undefined || models.some((glob) => String(key).startsWith(glob.replace('*', '')));
    return { allowed: asked.length < ends && matches };
  };
  const grant: Grant = { actions: ['models:read'], models };
  const auth = { decide, principal: { authority: [{ grant, source: 'token' }] } };
  return { asked, context: { auth } as unknown as RequestContext };
}

const keysOf = (models: readonly Model[]): readonly string[] => models.map(({ key }) => key);

describe('the models that a caller may see', () => {
  it('are decided about once for the same rules, and again for others and for other models', async () => {
    let models = MODELS;
    const visible = createVisibleModels({ list: async () => models });
    const [first, second, other] = [caller(['ibm/*']), caller(['ibm/*']), caller(['meta/*'])];
    expect(keysOf(await visible(first.context))).toEqual(['ibm/a', 'ibm/b']);
    expect(keysOf(await visible(second.context))).toEqual(['ibm/a', 'ibm/b']);
    expect(second.asked).toEqual([undefined]);
    expect(keysOf(await visible(other.context))).toEqual(['meta/c']);
    models = MODELS.slice(1);
    expect(keysOf(await visible(second.context))).toEqual(['ibm/b']);
  });

  it('are none for a caller whose grant does not count now, whatever others with its rules saw', async () => {
    const visible = createVisibleModels({ list: async () => MODELS });
    await visible(caller(['*']).context);
    expect(await visible(caller(['*'], 0).context)).toEqual([]);
    expect(await visible(caller(['*']).context)).toHaveLength(3);
  });

  it('are not remembered from a caller whose grant ended meanwhile', async () => {
    const visible = createVisibleModels({ list: async () => MODELS });
    expect(await visible(caller(['*'], 3).context)).toHaveLength(1);
    expect(await visible(caller(['*']).context)).toHaveLength(3);
  });
});
