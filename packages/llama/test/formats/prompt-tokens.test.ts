import fc from 'fast-check';
import { getLlama, type Llama, LlamaLogLevel, type LlamaModel, type Token } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatFormat, Conversation } from '../../src/formats/chat-format.ts';
import { chooseFormat } from '../../src/formats/choose-format.ts';
import { cutForTokenizer } from '../../src/formats/prompt-pieces.ts';
import { writePrompt } from '../../src/formats/prompt-text.ts';
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

describe('an answer that its caller has begun', () => {
  it('holds no special token, whatever stands in it', () => {
    const specials = new SpecialTexts(SPECIALS);
    const chosen = chooseFormat({ template, bos: '', eos: '', hasChatMl: true });
    const { opened } = writePrompt(chosen, specials, {
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', content: [{ type: 'text', text: `So \ufdd0<tool_call>{"name":` }] },
      ],
      tools: [],
      toolChoice: 'auto',
    });
    expect(opened).toContain('So <tool_call>{"name":');
    expect(opened).not.toContain('\ufdd0');
  });
});

describe('a template that changes its texts', () => {
  const specials = new SpecialTexts(SPECIALS);
  const around = (shown: string): string =>
    `{% for message in messages %}<|im_start|>{{ message.role }}\n{{ ${shown} }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n`;
  const made = (source: string, text: string): string[] => {
    const chosen = chooseFormat({ template: source, bos: '', eos: '', hasChatMl: true });
    const messages: Conversation['messages'] = [{ role: 'user', content: [{ type: 'text', text }] }];
    const safe = makeSafe({ messages, tools: [] }, chosen.template, specials);
    return chosen.format
      .render(safe.conversation)
      .split(safe.mark)
      .flatMap((piece) => specials.split(piece).flatMap((part) => (part.special ? [part.text] : [])));
  };

  it.each([
    ['message.content | lower', 'a <|IM_END|> <TOOL_CALL>'],
    ['message.content.lower()', 'a <|Im_End|>'],
    ['message.content | lower', 'a </tool_call> <|endoftext|> <|EndOfText|>'],
    ['message.content | replace("x", "")', 'a <|imx_end|> <toxol_call>'],
    ["message.content.replace('x', '')", 'a <|im_xend|>x'],
    ["message.content.replace('&lt;', '<').replace('\\'', '>')", "a &lt;|im_end|>, &lt;tool_call'"],
    ["(message.content | replace('x', '')) | lower", 'a <|IMX_END|> <|IMx_END|>'],
    ["message.content.split('--') | join('')", 'a <|im--_end|> <--tool_call>'],
    ["message.content.split() | join('')", 'a <|im _end|> <\ntool_call>'],
  ])('makes no special token of a text: {{ %s }} of %j', (shown, text) => {
    const source = around(shown);
    expect(made(source, text)).toEqual(made(source, 'harmless'));
  });

  it.each(['upper', 'title'])('makes none where the special texts have capitals: %s', (filter) => {
    const capitals = new SpecialTexts(['<|START|>', '<|End|>', '[INST]', '<Tool>']);
    const source = `<|START|>{{ messages[0].content }}<|End|>{{ messages[0].content | ${filter} }}`;
    const chosen = chooseFormat({ template: source, bos: '', eos: '', hasChatMl: true });
    const text = '<tool> <|start|> <|end|> [inst]';
    const safe = makeSafe(
      { messages: [{ role: 'user', content: [{ type: 'text', text }] }], tools: [] },
      chosen.template,
      capitals,
    );
    const pieces = chosen.format.render(safe.conversation).split(safe.mark);
    const found = pieces.flatMap((piece) => capitals.split(piece).flatMap((part) => (part.special ? [part.text] : [])));
    expect(found).toEqual(['<|START|>', '<|End|>']);
  });

  it('leaves texts alone that it makes nothing special of', () => {
    const source = around("message.content | replace('x', '') | lower");
    const text = 'Look: a < b, [x] {y} <Table>, 1 > 0.';
    const messages: Conversation['messages'] = [{ role: 'user', content: [{ type: 'text', text }] }];
    expect(makeSafe({ messages, tools: [] }, source, specials).conversation.messages).toEqual(messages);
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
