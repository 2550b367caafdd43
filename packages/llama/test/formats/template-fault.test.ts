import { describe, expect, it } from 'vitest';
import { chooseFormat } from '../../src/formats/choose-format.ts';

const faultOf = (template: string): string | undefined =>
  chooseFormat({ template, bos: '', eos: '', hasChatMl: true }).traits.fault;

describe('a template', () => {
  it('that cannot be rendered says in which line, and why', () => {
    expect(
      faultOf('{{- bos_token -}}\n{%- for message in messages -%}\n{{- message.content.shout() -}}\n{%- endfor -%}'),
    ).toBe(
      "The model's chat template cannot be rendered: it fails at line 3: Cannot call something that is not a function: got UndefinedValue.",
    );
  });

  it('that refuses every conversation says why', () => {
    expect(faultOf("{{- raise_exception('Not for chatting') -}}")).toBe(
      "The model's chat template does not accept this conversation: Not for chatting",
    );
  });

  it.each([
    ['an expression that does not end', 'a\n{{ messages[0 }}\nb', 2],
    ['a block that does not end', '{% for a in b %}\n{% if a %}\nx\n{% endfor %}', 4],
    ['a word that means nothing', '{% set a = 1 %}\n\n{% wish a %}', 3],
  ])('that cannot be parsed says in which line, and what is used: %s', (_what, template, line) => {
    const fault = faultOf(template);
    expect(fault).toContain(`it fails at line ${line}: `);
    expect(fault).toMatch(/ Another is used in its place\.$/);
  });

  it('that takes a conversation has no fault', () => {
    expect(faultOf('{%- for message in messages -%}{{- message.content -}}{%- endfor -%}')).toBeUndefined();
  });
});
