import { describedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { renderModels } from '../../../src/dialects/openai/render-models.ts';

const granite = {
  key: 'ibm/granite',
  publisher: 'ibm',
  name: 'granite',
  names: [],
  sizeBytes: 1000,
  resident: true,
  modifiedAt: 1_700_000_000_999,
};

describe('the list of models', () => {
  it("is what OpenAI's clients read", () => {
    expect(
      renderModels([{ ...granite, description: describedModel() }], { small: 'ibm/granite', gone: 'x/y' }),
    ).toEqual({
      object: 'list',
      data: [
        { id: 'ibm/granite', object: 'model', created: 1_700_000_000, owned_by: 'ibm' },
        { id: 'small', object: 'model', created: 1_700_000_000, owned_by: 'ibm' },
      ],
    });
  });

  it('leaves out a file that nobody can use', () => {
    expect(renderModels([{ ...granite, description: new Error('garbage') }], { small: 'ibm/granite' }).data).toEqual(
      [],
    );
  });
});
