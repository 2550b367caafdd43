import { describe, expect, it } from 'vitest';
import { renderModels } from '../../../src/dialects/openai/render-models.ts';
import { describedModel } from '../../scripted/engine-script.ts';

const file = {
  key: 'ibm/granite',
  publisher: 'ibm',
  name: 'granite',
  path: '/srv/secret-place/granite.gguf',
  names: [],
  sizeBytes: 1000,
  modifiedAt: 1_700_000_000_999,
};

describe('the list of models', () => {
  it("is what OpenAI's clients read, and tells nothing of where a file lies", () => {
    expect(renderModels([{ file, description: describedModel() }], { small: 'ibm/granite', gone: 'x/y' })).toEqual({
      object: 'list',
      data: [
        { id: 'ibm/granite', object: 'model', created: 1_700_000_000, owned_by: 'ibm' },
        { id: 'small', object: 'model', created: 1_700_000_000, owned_by: 'ibm' },
      ],
    });
  });

  it('leaves out a file that nobody can use', () => {
    expect(renderModels([{ file, description: new Error('garbage') }], { small: 'ibm/granite' }).data).toEqual([]);
  });
});
