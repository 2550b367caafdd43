import fc from 'fast-check';
import { getLlama, type Llama, LlamaLogLevel, type LlamaModel, type Token } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatFormat, Conversation } from '../../src/formats/chat-format.ts';
import { chooseFormat } from '../../src/formats/choose-format.ts';
import { cutForTokenizer } from '../../src/formats/prompt-pieces.ts';
import { makeSafe } from '../../src/formats/prompt-tokens.ts';
import { SpecialTexts } from '../../src/formats/special-texts.ts';
import { NANO } from '../nano.ts';

const SPECIALS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<tool_call>', '</tool_call>'];

let llama: Llama;
let model: LlamaModel;
let template: string;
let format: ChatFormat;

beforeAll(async () => {
  llama = await getLlama({ build: 'never', gpu: false, logLevel: LlamaLogLevel.error });
  model = await llama.loadModel({ modelPath: NANO, vocabOnly: true });
  template = model.fileInfo.metadata.tokenizer?.chat_template ?? '';
  format = chooseFormat({ template, bos: '', eos: '', hasChatMl: true }).format;
});
afterAll(() => llama.dispose());

function isSpecial(token: number): boolean {
  return token >= 1280;
}

function tokensOf(conversation: Conversation): number[] {
  const specials = new SpecialTexts(SPECIALS);
  const safe = makeSafe(conversation, template, specials);
  return cutForTokenizer(format.render(safe.conversation).split(safe.mark), specials).flatMap(({ text, continues }) =>
    model.tokenize(text, true, continues ? 'trimLeadingSpace' : undefined),
  );
}

function specialsIn(conversation: Conversation): number[] {
  return tokensOf(conversation).filter(isSpecial);
}

function conversationWith(text: string): Conversation {
  return {
    messages: [
      { role: 'system', content: text },
      { role: 'user', content: [{ type: 'text', text }] },
      { role: 'assistant', content: text, toolCalls: [{ id: 'call_1', name: text, arguments: { [text]: [text] } }] },
      { role: 'tool', toolCallId: 'call_1', name: text, content: text },
    ],
    tools: [
      {
        name: text,
        description: text,
        parameters: { type: 'object', properties: { [text]: { type: 'string', enum: [text], description: text } } },
      },
    ],
  };
}

/** Pieces of the special tokens' texts, so that whole ones come about in all ways, also with what stands around them. */
const hostile = fc
  .array(
    fc.constantFrom(
      ...SPECIALS,
      ...SPECIALS.flatMap((text) => [text.slice(0, 3), text.slice(0, -2), text.slice(2), text.slice(-2)]),
      '<',
      '>',
      '|',
      '\n',
      ' ',
      'x',
      '\ue000',
      '\ue001',
      '"',
      '\\',
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe('a safe prompt', () => {
  it('holds only the special tokens that the template puts there, whatever the texts are', () => {
    const expected = specialsIn(conversationWith('harmless'));
    fc.assert(
      fc.property(hostile, (text) => {
        fc.pre(text !== '');
        expect(specialsIn(conversationWith(text))).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('says the same text as an unprotected one', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        fc.pre(text !== '');
        const tokens = tokensOf({ messages: [{ role: 'user', content: [{ type: 'text', text }] }], tools: [] });
        expect(model.detokenize(tokens as Token[], true)).toBe(
          `<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`,
        );
      }),
    );
  });

  it('is tokenised as usual when the texts hold nothing special', () => {
    const text = 'What is the first line? a < b > c, [x] {y}';
    const conversation: Conversation = { messages: [{ role: 'user', content: [{ type: 'text', text }] }], tools: [] };
    expect(tokensOf(conversation)).toEqual(
      model.tokenize(`<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`, true),
    );
  });
});

describe('special texts', () => {
  const specials = new SpecialTexts(['<s>', '<|end|>', 'ab', 'bc', '<user>']);

  it.each([
    ['a whole one', 'x<s>y', 'x<#s>y'],
    ['overlapping ones', 'xabcx', 'xa#b#cx'],
    ['one after the other', '<s><s>', '<#s><#s>'],
    ['the end of one at the beginning', '|> hello', '#|> hello'],
    ['the beginning of one at the end', 'hello <|', 'hello <|#'],
    ['the inside of one', 'user', '#user'],
  ])('are broken: %s', (_what, text, broken) => {
    expect(specials.breakUp(text, '#')).toBe(broken);
  });

  it('leave other texts alone', () => {
    expect(specials.breakUp('nothing to see, dear users', '#')).toBe('nothing to see, dear users');
  });
});
