import type { Model, ModelDescription } from '@latchkey/engine';
import { describedModel } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { renderModels } from '../../../src/dialects/lmstudio/render-models.ts';

const granite = {
  key: 'ibm/granite',
  publisher: 'ibm',
  name: 'granite',
  names: [],
  sizeBytes: 1000,
  resident: true,
  modifiedAt: 1_700_000_000_999,
};
const model = (changes: Partial<ModelDescription> = {}): Model => ({
  ...granite,
  description: describedModel(changes),
});

describe('the list of models', () => {
  it('is what LM Studio answers', () => {
    const reasoning = { allowedOptions: ['off', 'on'], default: 'on' } as const;
    const capabilities = { vision: false, trainedForToolUse: true, reasoning };
    const idle = { parallel: 4, device: 'cpu', settings: {}, uses: 0, isDraining: false };
    const loaded = [
      { ...idle, id: 'ibm/granite', key: 'ibm/granite', contextLength: 4096 },
      {
        ...{ ...idle, id: 'ibm/granite:2', key: 'ibm/granite', contextLength: 512, uses: 3, isDraining: true },
        settings: { batchSize: 256, flashAttention: true, keyCache: 'q8_0' as const },
      },
      { ...idle, id: 'ibm/other', key: 'ibm/other', contextLength: 1 },
    ];
    expect(renderModels([model({ capabilities })], loaded)).toEqual({
      models: [
        {
          type: 'llm',
          publisher: 'ibm',
          key: 'ibm/granite',
          display_name: 'Nano',
          architecture: 'llama',
          quantization: { name: 'Q8_0', bits_per_weight: 8 },
          size_bytes: 1000,
          params_string: '2.9M',
          loaded_instances: [
            { id: 'ibm/granite', config: { context_length: 4096, parallel: 4 }, active_requests: 0 },
            {
              id: 'ibm/granite:2',
              config: {
                ...{ context_length: 512, parallel: 4, eval_batch_size: 256 },
                ...{ flash_attention: true, key_cache: 'q8_0' },
              },
              draining: true,
              active_requests: 3,
            },
          ],
          max_context_length: 2048,
          format: 'gguf',
          capabilities: {
            vision: false,
            trained_for_tool_use: true,
            reasoning: { allowed_options: ['off', 'on'], default: 'on' },
          },
        },
      ],
    });
  });

  it('has neither architecture nor capabilities for a model that makes embeddings', () => {
    const [embedder] = renderModels([model({ type: 'embedding' })], []).models;
    expect(embedder).toMatchObject({ type: 'embedding' });
    expect(embedder).not.toHaveProperty('architecture');
    expect(embedder).not.toHaveProperty('capabilities');
  });

  it('says null for what the file does not tell', () => {
    const unknown = { quantization: null, bitsPerWeight: null, parameterCount: null, displayName: null };
    expect(renderModels([model(unknown)], []).models[0]).toMatchObject({
      display_name: 'granite',
      quantization: null,
      params_string: null,
    });
  });

  it.each([
    [2_900_000, '2.9M'],
    [135_000_000, '135M'],
    [7_241_732_096, '7.2B'],
    [70_553_706_496, '71B'],
    [405_000_000_000, '405B'],
    [64_000, '64K'],
  ])('writes %d parameters as %s', (parameterCount, text) => {
    expect(renderModels([model({ parameterCount })], []).models[0]).toHaveProperty('params_string', text);
  });

  it('has a file that nobody can use beside the list, with the reason', () => {
    const garbage: Model = { ...granite, description: new Error('garbage') };
    expect(renderModels([garbage], [])).toEqual({ models: [], unreadable: [{ key: granite.key, reason: 'garbage' }] });
  });

  it('has a model whose chat template fails beside the list as well, with the reason', () => {
    const listing = renderModels([model({ templateFault: 'it fails at line 3' })], []);
    expect(listing.models).toHaveLength(1);
    expect(listing.template_faults).toEqual([{ key: granite.key, reason: 'it fails at line 3' }]);
  });
});
