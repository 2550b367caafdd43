import { describe, expect, it } from 'vitest';
import { parseTemplate } from '../../../src/dialects/lmstudio-sdk/parse.ts';

const asked = (more: object = {}) => ({
  specifier: { type: 'instanceReference', instanceReference: 'ibm/granite' },
  history: { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] },
  predictionConfigStack: { layers: [] },
  ...more,
});
const echo = { name: 'echo', description: 'Echoes', parameters: { type: 'object', properties: {} } };

describe('a prompt that is asked for by its template', () => {
  it('is that of the chat, with the tools of the options', () => {
    const opts = { toolDefinitions: [{ type: 'function', function: echo }] };
    expect(parseTemplate(asked({ opts }))).toMatchObject({
      model: 'ibm/granite',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      clientTools: [{ name: 'echo' }],
    });
  });

  it.each([
    [{ opts: { omitBosToken: true } }, 'opts.omitBosToken'],
    [{ opts: { omitEosToken: true } }, 'opts.omitEosToken'],
    [{ opts: { toolDefinitions: [7] } }, undefined],
    [{ history: { messages: [] } }, 'history.messages'],
    [{ specifier: { type: 'query', query: {} } }, 'specifier'],
  ])('is refused in words where it cannot be as asked (%j)', (more, param) => {
    expect(() => parseTemplate(asked(more))).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', ...(param === undefined ? {} : { param }) }),
    );
  });
});
