import fc from 'fast-check';
import { getLlama, type Llama, LlamaLogLevel, type LlamaModel } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenTextStream, TokenTexts } from '../../src/child/token-text.ts';
import { TOKEN_MARK } from '../../src/formats/syntax/token-marks.ts';
import { NANO } from '../nano.ts';

let llama: Llama;
let model: LlamaModel;
let texts: TokenTexts;

beforeAll(async () => {
  llama = await getLlama({ build: 'never', gpu: false, logLevel: LlamaLogLevel.error });
  model = await llama.loadModel({ modelPath: NANO, vocabOnly: true });
  texts = new TokenTexts(model, new Set(['<tool_call>']));
});
afterAll(() => llama.dispose());

describe('a stream of tokens', () => {
  it('becomes the text that they stand for, with characters whole', () => {
    fc.assert(
      // U+FFFD itself is what a decoder has for a part of a character: a text that has it is not one of whole characters.
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\ufffd')),
        (text) => {
          const stream = new TokenTextStream(texts);
          const pieces = [...model.tokenize(text, false).map((token) => stream.read(token)), stream.end()];
          expect(pieces.join('')).toBe(text);
          expect(pieces.filter((piece) => piece.includes('\ufffd'))).toEqual([]);
        },
      ),
    );
  });

  it('leaves out a character that was cut off in its middle', () => {
    const stream = new TokenTextStream(texts);
    const [first] = model.tokenize('😀', false);
    expect(stream.read(first!)).toBe('');
    expect(stream.end()).toBe('');
  });

  it('shows the markers that a parser looks for, marked as tokens, and no other special token', () => {
    const stream = new TokenTextStream(texts);
    const tokens = model.tokenize('<|im_start|>a<tool_call>b', true);
    expect(tokens.map((token) => stream.read(token)).join('')).toBe(`a${TOKEN_MARK}<tool_call>b`);
  });
});
