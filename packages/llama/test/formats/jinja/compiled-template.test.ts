import { describe, expect, it } from 'vitest';
import { CompiledTemplate, TemplateFault, TemplateRefusal } from '../../../src/formats/jinja/compiled-template.ts';
import { readBundledTemplates } from '../bundled-templates.ts';

const render = (source: string, variables: Record<string, unknown> = {}): string =>
  new CompiledTemplate(source).render(variables);

function failureOf(source: string, variables: Record<string, unknown> = {}): unknown {
  try {
    render(source, variables);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('what Jinja2 does and the library does not', () => {
  it.each([
    ['a loop over nothing', '{% for tool in tools %}x{% endfor %}.', '.'],
    ['a loop over nothing with a condition', '{% for tool in tools if tool.x %}x{% endfor %}.', '.'],
    ['a loop over a text', "{% for c in 'abc' %}{{ c }}-{% endfor %}", 'a-b-c-'],
    ['unpacking a tuple in a loop', "{% for a, b in [('x', 1), ('y', 2)] %}{{ a }}{{ b }} {% endfor %}", 'x1 y2 '],
    ['a number as key', '{% set m = {0: "a", 512: "b"} %}{{ m[512] }}{{ m[0] }}', 'ba'],
    [
      'numbers as keys, sorted by size',
      '{% for k, v in {10: "b", 9: "a"} | dictsort %}{{ k + 1 }}{{ v }} {% endfor %}',
      '10a 11b ',
    ],
    ['numbers as keys, as items', '{% for k, v in {1: "a"}.items() %}{{ k + 1 }}{{ v }}{% endfor %}', '2a'],
    ['str.format', "{{ '<think{}>{{}}{0}{name}'.format(':x', name='y') }}", '<think:x>{}:xy'],
    ['the filter format', "{{ '%s is %d' | format('a', 2) }}", 'a is 2'],
    ['min and max', '{{ [3, 1, 2] | min }}{{ [3, 1, 2] | max }}', '13'],
    ['the length of nothing', '{{ tools | length }}', '0'],
    ['selecting from none', "{{ none | selectattr('type', 'equalto', 'x') | list | length }}", '0'],
    ['an object as text', "{{ {'a': [1, true, none, \"it's\"]} | string }}", "{'a': [1, True, None, \"it's\"]}"],
    ['a text from JSON', '{{ (\'{"a": {"b": 7}}\' | from_json).a.b }}', '7'],
    ['a function from JSON', "{{ from_json('[1, 2]') | length }}", '2'],
    ['methods of lists', '{% set l = [1] %}{% set _ = l.append(2) %}{{ l.pop() }}{{ l | length }}', '21'],
    ['joining by a method', "{{ ', '.join(['a', 'b']) }}", 'a, b'],
  ])('%s', (_, source, expected) => {
    expect(render(source)).toBe(expected);
  });

  it('keeps what the library has', () => {
    expect(render("{{ ' x ' | trim }}{{ [1, 2] | join('+') }}{{ {'a': 1} | tojson }}{{ 'a-b'.split('-')[1] }}")).toBe(
      'x1+2{"a": 1}b',
    );
    expect(render("{{ range(3) | list | length }}{{ strftime_now('%Y') | length }}")).toBe('34');
  });
});

describe('a template that fails', () => {
  it('says in which line', () => {
    const failure = failureOf('{{ 1 }}\n{% if true %}\n{{- missing.of(this) }}\n{% endif %}');
    expect(failure).toBeInstanceOf(TemplateFault);
    expect(failure).toMatchObject({ line: 3 });
  });

  it('refuses in its own words', () => {
    const failure = failureOf("{{ raise_exception('Roles must alternate') }}");
    expect(failure).toBeInstanceOf(TemplateRefusal);
    expect(failure).toMatchObject({ message: 'Roles must alternate' });
  });
});

describe('templates that need it', () => {
  const templates = readBundledTemplates();
  const USER = { role: 'user', content: 'Hello there' };
  const TOOL = {
    type: 'function',
    function: {
      name: 'look',
      description: 'Looks.',
      parameters: { type: 'object', properties: { at: { type: 'string', description: 'x' } } },
    },
  };
  const called = [
    USER,
    {
      role: 'assistant',
      content: '',
      tool_calls: [{ id: 'call12345', type: 'function', function: { name: 'look', arguments: { at: 'x' } } }],
    },
    { role: 'tool', name: 'look', tool_call_id: 'call12345', content: 'seen' },
  ];
  it.each([
    ['NousResearch-Hermes-3-Llama-3.1-8B-tool_use', { messages: [USER] }, 'Hello there'],
    ['CohereForAI-c4ai-command-r-plus-tool_use', { messages: [USER] }, 'Hello there'],
    ['ByteDance-Seed-OSS', { messages: [USER], thinking_budget: 600 }, 'Hello there'],
    ['tencent-Hy3', { messages: [USER] }, '<think:opensource>'],
    ['unsloth-Apriel-1.5', { messages: [USER], tools: [TOOL] }, "{'type': 'function'"],
    ['meetkai-functionary-medium-v3.1', { messages: [USER] }, 'Hello there'],
    ['meetkai-functionary-medium-v3.2', { messages: [USER], tools: [TOOL] }, 'type look'],
    ['openbmb-MiniCPM5-1B', { messages: called, tools: [TOOL] }, '<param name="at">x</param>'],
    ['Kimi-K2-Instruct', { messages: called, tools: [TOOL] }, 'functions.look:0'],
    [
      'deepseek-ai-DeepSeek-V4',
      {
        messages: [
          USER,
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{"at": "x"}' } }],
          },
        ],
        tools: [TOOL],
      },
      'parameter name="at" string="true">x<',
    ],
  ])('%s', (name, variables, expected) => {
    const prompt = render(templates.get(name) ?? '', {
      bos_token: '<s>',
      eos_token: '</s>',
      add_generation_prompt: true,
      ...variables,
    });
    expect(prompt).toContain(expected);
  });
});

describe('a template of a hostile file', () => {
  it.each([
    "''.constructor.constructor('return process')()",
    '[].constructor',
    'messages.__proto__',
    "messages['__proto__']['constructor']",
    'range.constructor',
    "range.constructor('return process')()",
    '{}.__class__.__mro__',
    'cycler.__init__.__globals__.os',
    "joiner.__init__.__globals__.os.popen('id').read()",
    'self._TemplateReference__context',
    "namespace().constructor.constructor('return 7')()",
    'raise_exception.constructor',
    "('a' | string).constructor.name",
  ])('reaches nothing of the process: {{ %s }}', (expression) => {
    const source = `{{ ${expression} }}`;
    const failure = failureOf(source, { messages: [{ role: 'user', content: 'x' }] });
    if (failure === undefined) expect(render(source, { messages: [{ role: 'user', content: 'x' }] })).toBe('');
    else expect(failure).toBeInstanceOf(TemplateFault);
  });

  it('is not made by a message', () => {
    const content = '{{ 7 * 7 }}{% for x in range(9) %}y{% endfor %}{# none #}';
    expect(render('{{ messages[0].content }}', { messages: [{ content }] })).toBe(content);
  });
});
