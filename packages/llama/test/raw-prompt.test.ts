import type { GenerateRequest, LoadedModel, RawPrompt } from '@latchkey/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeRawPrompt } from '../src/formats/raw-prompt.ts';
import { RawTurnParser } from '../src/formats/raw-turn-parser.ts';
import { SpecialTexts } from '../src/formats/special-texts.ts';
import { TOKEN_MARK } from '../src/formats/syntax/token-marks.ts';
import { asking, collect, finishOf, loadNano, messageOf, NEVER, newEngine } from './nano.ts';

const engine = newEngine();
let nano: LoadedModel;
beforeAll(async () => {
  nano = await loadNano(engine);
});
afterAll(() => engine[Symbol.asyncDispose]());

const continued = (prompt: RawPrompt, more: Partial<GenerateRequest> = {}) =>
  collect(nano.generate({ ...asking(''), messages: [], prompt, ...more }, NEVER));

const TURN = '<|im_start|>user\nRepeat: red fox<|im_end|>\n<|im_start|>assistant\n';

describe('a prompt without a template', () => {
  it('is read as it is, with its special tokens', async () => {
    expect(messageOf(await continued({ text: TURN }))).toBe('red fox');
  });

  it('goes on in the middle of a text, up to the limit', async () => {
    const events = await continued({ text: `${TURN}red` }, { maxOutputTokens: 1 });
    expect(messageOf(events)).not.toBe('');
    expect([' fox'.startsWith(messageOf(events)), finishOf(events).reason]).toEqual([true, 'length']);
  });

  it('has an answer without parts: markers of calls are text', () => {
    const parser = new RawTurnParser();
    expect(parser.read(`a${TOKEN_MARK}<tool_call>{`)).toEqual([{ type: 'message.delta', text: 'a<tool_call>{' }]);
    expect(parser.end()).toEqual([]);
  });

  it('ends at a stop string', async () => {
    const events = await continued({ text: TURN }, { stop: [' fox'] });
    expect([messageOf(events), finishOf(events)]).toMatchObject(['red', { reason: 'stop_string', stopString: ' fox' }]);
  });

  it('is counted before it runs as its turn counts it', async () => {
    const counted = await nano.countPrompt({ ...asking(''), messages: [], prompt: { text: TURN } }, NEVER);
    expect(finishOf(await continued({ text: TURN })).usage.promptTokens).toBe(counted);
  });

  it('may be the ids of tokens, of those that there are', async () => {
    expect(finishOf(await continued({ text: [5, 6, 7] }, { maxOutputTokens: 1 })).usage.promptTokens).toBe(3);
    for (const id of [-1, 1_000_000, 0.5]) {
      await expect(continued({ text: [5, id] })).rejects.toMatchObject({ code: 'INVALID_REQUEST', field: 'prompt' });
    }
  });

  it('is continued with the bias that single tokens are given, which must be there', async () => {
    const biased = (tokenBias: Readonly<Record<string, number>>) =>
      continued({ text: TURN }, { maxOutputTokens: 1, sampling: { temperature: 0, tokenBias } });
    const usual = messageOf(await biased({}));
    expect('red'.startsWith(usual)).toBe(true);
    // The model's 1285 tokens, one half at a time: the answer's token is in one of them.
    const half = (from: number, bias: number) =>
      Object.fromEntries(Array.from({ length: 642 }, (_, at) => [from + at, bias]));
    for (const bias of [-100, 100]) {
      const said = [messageOf(await biased(half(0, bias))), messageOf(await biased(half(642, bias)))];
      expect(said.filter((text) => text !== usual)).toHaveLength(1);
    }
    for (const id of [-1, 1_000_000, 0.5]) {
      await expect(biased({ [id]: 1 })).rejects.toMatchObject({ code: 'INVALID_REQUEST', field: 'tokenBias' });
    }
  });

  it('is refused when it is empty, or too long', async () => {
    await expect(continued({ text: '' })).rejects.toMatchObject({ code: 'INVALID_REQUEST', field: 'prompt' });
    await expect(continued({ text: 'red fox '.repeat(3000) })).rejects.toMatchObject({ code: 'CONTEXT_EXCEEDED' });
    await expect(continued({ text: Array.from({ length: 3000 }, () => 5) })).rejects.toMatchObject({
      code: 'CONTEXT_EXCEEDED',
    });
  });

  it('has no gap where the vocabulary has no tokens for one', async () => {
    await expect(continued({ text: 'a', suffix: 'b' })).rejects.toMatchObject({
      code: 'UNSUPPORTED_INPUT',
      field: 'suffix',
    });
  });
});

describe('a gap', () => {
  const markers = { before: '<PRE>', after: '<SUF>', end: '<MID>' };
  const specials = new SpecialTexts([...Object.values(markers), '<end>']);

  it('stands between its two sides, each after its marker', () => {
    const { pieces } = writeRawPrompt({ text: 'a = ', suffix: '\nb', markers }, specials);
    expect(pieces.map(({ text }) => text)).toEqual(['<PRE>', 'a = ', '<SUF>', '\nb', '<MID>']);
    expect(pieces.map(({ continues }) => continues)).toEqual([false, true, true, true, true]);
  });

  it('has sides that are text, whatever special tokens they name', () => {
    const { pieces } = writeRawPrompt({ text: 'x<MID>y', suffix: '<end>', markers }, specials);
    const named = pieces.filter(({ text }) => specials.split(text).some(({ special }) => special));
    expect(named.map(({ text }) => text)).toEqual(['<PRE>', '<SUF>', '<MID>']);
    expect(pieces.map(({ text }) => text).join('')).toBe('<PRE>x<MID>y<SUF><end><MID>');
  });
});
