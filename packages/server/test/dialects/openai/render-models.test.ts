import { EngineError, type Model } from '@latchkey/engine';
import { describedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { renderModels } from '../../../src/dialects/openai/render-models.ts';
import { listModels } from '../../../src/models/list-models.ts';

const granite = {
  key: 'ibm/granite',
  publisher: 'ibm',
  name: 'granite',
  names: [],
  sizeBytes: 1000,
  resident: true,
  modifiedAt: 1_700_000_000_999,
};
const loaded = {
  ...{ id: 'ibm/granite', key: 'ibm/granite', contextLength: 1500, parallel: 2, device: 'cpu' },
  ...{ settings: {}, uses: 0, isDraining: false },
};
const list = (description: Model['description'], instances = [loaded]) =>
  renderModels(
    listModels(
      [{ ...granite, description }],
      { small: 'ibm/granite', gone: 'x/y' },
      {
        loaded: () => instances,
        contextFor: () => 1024,
        mostContextOf: () => 2000,
      },
    ),
  ).data;

describe('the list of models', () => {
  it("has what OpenAI's clients read, and the context under each name that other clients look for", () => {
    const fields = {
      object: 'model',
      created: 1_700_000_000,
      owned_by: 'ibm',
      display_name: 'Nano',
      type: 'llm',
      state: 'loaded',
      context_length: 1500,
      max_model_len: 1500,
      max_context_length: 2000,
      loaded_context_length: 1500,
      meta: { n_ctx: 1500, n_ctx_train: 2048 },
      capabilities: ['completion', 'tool_use'],
      input_modalities: ['text'],
      output_modalities: ['text'],
    };
    expect(list(describedModel())).toEqual([
      { id: 'ibm/granite', ...fields },
      { id: 'small', ...fields, root: 'ibm/granite' },
    ]);
  });

  it('has the context that a request gets, of a model that is not in memory', () => {
    const [model] = list(describedModel(), []);
    expect(model).toMatchObject({ state: 'not-loaded', context_length: 1024, meta: { n_ctx: 1024 } });
    expect(model).not.toHaveProperty('loaded_context_length');
  });

  it('says what a model takes and gives', () => {
    const reasoning = { allowedOptions: ['off', 'on'], default: 'on' } as const;
    const seeing = { vision: true, trainedForToolUse: false, reasoning };
    expect(list(describedModel({ capabilities: seeing }))[0]).toMatchObject({
      capabilities: ['completion', 'vision', 'reasoning'],
      input_modalities: ['text', 'image'],
    });
    expect(list(describedModel({ type: 'embedding' }))[0]).toMatchObject({
      capabilities: ['embeddings'],
      output_modalities: ['embeddings'],
    });
  });

  it('leaves out a file that cannot be used, and not one that could not be examined', () => {
    expect(list(new Error('garbage'))).toEqual([]);
    expect(list(new EngineError('MODEL_UNAVAILABLE', 'the disk is away'), [])).toMatchObject([
      { id: 'ibm/granite', display_name: 'granite', state: 'not-loaded' },
      { id: 'small' },
    ]);
  });
});
