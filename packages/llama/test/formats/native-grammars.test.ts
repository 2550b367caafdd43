import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePrompt } from '../../src/formats/prompt-text.ts';
import { SpecialTexts } from '../../src/formats/special-texts.ts';
import { forcedOpening } from '../../src/grammar/turn-grammars.ts';
import { createGrammarJudge, type GrammarJudge } from '../grammar/accepts.ts';
import { readBundledTemplates } from './bundled-templates.ts';
import { JudgedTemplate, TOOLS } from './judge-template.ts';
import { NATIVE_TURNS } from './native-turns.ts';

const templates = readBundledTemplates();
const NONE = new SpecialTexts([]);

let judge: GrammarJudge;
beforeAll(async () => {
  judge = await createGrammarJudge();
});
afterAll(() => judge.close());

/** The grammar of a turn that has to call a tool, and what a turn is from where it begins. */
function required(name: string, turn: string): { readonly grammar: string; readonly text: string } {
  const template = new JudgedTemplate(templates.get(name) ?? '');
  const { syntax } = template.chosen.format;
  const { grammars } = writePrompt(template.chosen, NONE, {
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    tools: TOOLS,
    toolChoice: 'required',
  });
  const opening = forcedOpening(syntax).trim();
  const begun = turn.trimStart().replace(syntax.channels?.start ?? '', '');
  const text = begun.startsWith(opening) ? begun.slice(opening.length) : begun;
  return { grammar: (grammars.throughout === true ? grammars.answer : grammars.call) ?? '', text };
}

describe('the grammar of a required call', () => {
  // SmolLM3's template shows no tools, so its model is shown how to call.
  const calling = Object.entries(NATIVE_TURNS).filter(
    ([name, { call }]) => call !== undefined && name !== 'HuggingFaceTB-SmolLM3-3B',
  );

  it.each(calling)('allows what %s writes, and no other tool', (name, { call = '' }) => {
    const { grammar, text } = required(name, call);
    expect({ text, accepted: judge.accepts(grammar, text) }).toEqual({ text, accepted: true });
    expect(judge.accepts(grammar, text.replaceAll('get_weather', 'get_whether'))).toBe(false);
    expect(judge.accepts(grammar, `Sure! ${text}`)).toBe(false);
  });
});
