import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readBundledTemplates } from './bundled-templates.ts';
import type { TemplateJudgement } from './judge-template.ts';
import { count, judgeTemplates, modelsPage } from './models-page.ts';
import { NATIVE_TURNS } from './native-turns.ts';

const PAGE = fileURLToPath(new URL('../../../../docs/models.md', import.meta.url));

const templates = readBundledTemplates();
const judgements = judgeTemplates(templates);

describe('llama.cpp’s collection of templates', () => {
  it('has a turn written by hand for each', () => {
    expect(Object.keys(NATIVE_TURNS).sort()).toEqual([...templates.keys()].sort());
  });

  it.each<keyof TemplateJudgement>(['plain', 'tools', 'round', 'two', 'call', 'twoCalls', 'thought', 'laterSystem'])(
    'is right in “%s”, each of them that has it',
    (key) => {
      const wrong = [...judgements].filter(([, judgement]) => judgement[key] === false).map(([name]) => name);
      expect(wrong).toEqual([]);
      expect(count([...judgements.values()], key)[1]).toBeGreaterThan(40);
    },
  );

  it('is what the page about models says (vitest -u writes it)', async () => {
    await expect(modelsPage(judgements)).toMatchFileSnapshot(PAGE);
  });
});
