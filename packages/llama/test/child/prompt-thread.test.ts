import { describe, expect, it } from 'vitest';
import { PromptThread } from '../../src/child/prompt-thread.ts';
import type { PromptSource } from '../../src/formats/prompt-text.ts';
import { NEVER } from '../nano.ts';

/** Both speak in turn. */
const conversation = (...texts: string[]): PromptSource => ({
  messages: texts.map((text, index) => ({
    role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: [{ type: 'text' as const, text }],
  })),
  tools: [],
  toolChoice: 'auto',
});

/** A template that does something to a conversation with this word in it, and writes all others plainly. */
const doing = (word: string, something: string): string =>
  `{%- for message in messages -%}{%- if '${word}' in message.content -%}${something}{%- endif -%}` +
  '{{- message.content -}}{%- endfor -%}';

const HOSTILE: readonly (readonly [string, string, PromptSource])[] = [
  [
    'that loops',
    doing('bad', '{%- for a in range(99999) -%}{%- for b in range(99999) -%}{%- endfor -%}{%- endfor -%}'),
    conversation('bad'),
  ],
  [
    'that takes all memory',
    doing(
      'bad',
      '{%- set ns = namespace(all=[]) -%}{%- for a in range(99999) -%}{%- for b in range(999) -%}' +
        '{%- set ns.all = [ns.all, message.content ~ a ~ b] -%}{%- endfor -%}{%- endfor -%}',
    ),
    conversation('bad'),
  ],
  [
    'that is quadratic in the number of messages',
    '{%- for a in messages -%}{%- for b in messages -%}{%- for c in range(50) -%}' +
      '{%- if a.content == b.content -%}{%- endif -%}{%- endfor -%}{%- endfor -%}{{- a.content -}}{%- endfor -%}',
    conversation(...Array.from({ length: 4000 }, (_, index) => `message ${index}`)),
  ],
];

describe('a template', () => {
  it.each(HOSTILE)(
    '%s is ended, other work goes on meanwhile, and the next conversation is written',
    async (_, template, hostile) => {
      await using thread = new PromptThread();
      await thread.choose({ template, bos: '', eos: '', hasChatMl: false }, []);
      let isOver = false;
      let turns = 0;
      const otherWork = (async () => {
        while (!isOver) {
          await new Promise(setImmediate);
          turns += 1;
        }
      })();
      await expect(thread.prepare(hostile, NEVER)).rejects.toMatchObject({ code: 'UNSUPPORTED_INPUT' });
      isOver = true;
      await otherWork;
      expect(turns).toBeGreaterThan(100);
      const written = await thread.prepare(conversation('Hello'), NEVER);
      expect(written?.pieces.map(({ text }) => text).join('')).toBe('Hello');
    },
    120_000,
  );

  it('is not waited for by a caller who leaves', async () => {
    const [[, template, hostile] = ['', '', conversation()]] = HOSTILE;
    await using thread = new PromptThread();
    await thread.choose({ template, bos: '', eos: '', hasChatMl: false }, []);
    const leaving = new AbortController();
    const preparing = thread.prepare(hostile, leaving.signal);
    leaving.abort();
    expect(await preparing).toBeUndefined();
    expect((await thread.prepare(conversation('Hello'), NEVER))?.pieces).toHaveLength(1);
  }, 120_000);

  it('that loops in every conversation is refused when it is chosen, and another one can be', async () => {
    await using thread = new PromptThread();
    const loop = '{%- for a in range(99999) -%}{%- for b in range(99999) -%}{%- endfor -%}{%- endfor -%}';
    const source = { bos: '', eos: '', hasChatMl: false };
    await expect(thread.choose({ ...source, template: loop }, [])).rejects.toMatchObject({ code: 'UNSUPPORTED_INPUT' });
    await thread.choose({ ...source, template: doing('bad', '') }, []);
    expect((await thread.prepare(conversation('Hello'), NEVER))?.pieces).toHaveLength(1);
  }, 120_000);
});
