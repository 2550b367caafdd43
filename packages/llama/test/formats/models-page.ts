import { JudgedTemplate, judge, type TemplateJudgement } from './judge-template.ts';
import { NATIVE_TURNS } from './native-turns.ts';

/** What each of the templates gives, by its name. */
export function judgeTemplates(templates: ReadonlyMap<string, string>): ReadonlyMap<string, TemplateJudgement> {
  return new Map(
    [...templates].map(([name, source]) => [name, judge(new JudgedTemplate(source), NATIVE_TURNS[name] ?? {})]),
  );
}

const INTRODUCTION = `# Models

Any GGUF model with a chat template runs as its makers meant it: the template is rendered with probes, and from what
becomes of them Latchkey learns how the model is shown tools, calls and results, how it writes calls, and what stands
around its thoughts. What a template does not know is written for it: tools are explained in the system message, calls
and results are text.

- A conversation comes in the order that the template takes: system messages at the beginning are joined, a later one
  is a message of the user where the template would lose or refuse it, and a conversation that begins with the
  assistant, or has no user, gets a user's message of three dots where the template insists on one.
- An assistant's last message without calls is the beginning of the answer, and the model goes on with it.
- A thought in the text of an earlier answer is given to the template as a thought, so that it keeps or drops it.
- A call that a model writes before it has closed its thought is a call, unless it closes the thought behind it.
- A marker that the vocabulary has a token for counts only as the token: quoted in a text, it is text.
- A template that cannot be rendered says at which line, and why: in the error, at the server's start, and in what
  \`latchkey models\` lists.

## Templates

llama.cpp's collection of chat templates, as it comes with the engine. A call is a turn in the family's own syntax,
written by hand; "yes" means that it was read in pieces of three characters, with and without tokens for its markers, and that
nothing else came of it. A dash: the family has none.

| template | plain | tools | tool round | two calls | one call read | two calls read | thought | later system | reasoning (default) |
|---|---|---|---|---|---|---|---|---|---|
`;

/** The page of the documents about models. */
export function modelsPage(judgements: ReadonlyMap<string, TemplateJudgement>): string {
  const rows = [...judgements].map(([name, judgement]) => {
    const { plain, tools, ownTools, round, two, call, twoCalls, thought, laterSystem, reasoning } = judgement;
    const shown = tools ? (ownTools ? 'own' : 'explained') : 'no';
    const cells = [name, word(plain), shown, ...[round, two, call, twoCalls, thought, laterSystem].map(word)];
    return `| ${[...cells, reasoning === '' ? '–' : reasoning].join(' | ')} |`;
  });
  return `${INTRODUCTION}${rows.join('\n')}\n\n${totals([...judgements.values()])}\n`;
}

function word(value: boolean | undefined): string {
  return value === undefined ? '–' : value ? 'yes' : 'no';
}

/** How many are right, of how many that have it. */
export function count(
  judgements: readonly TemplateJudgement[],
  key: keyof TemplateJudgement,
): readonly [number, number] {
  const values = judgements.map((judgement) => judgement[key]).filter((value) => value !== undefined);
  return [values.filter((value) => value === true).length, values.length];
}

function totals(judgements: readonly TemplateJudgement[]): string {
  const of = (key: keyof TemplateJudgement): string => count(judgements, key).join(' of ');
  return `In all: plain ${of('plain')}, tools ${of('tools')} (${count(judgements, 'ownTools')[0]} in the template's own way), a tool round ${of('round')}, two
calls ${of('two')}; one call read ${of('call')}, two ${of('twoCalls')}; thoughts ${of('thought')}; a later system message
${of('laterSystem')}.`;
}
