import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requirements } from './requirements.ts';

const folder = join(import.meta.dirname, 'scenarios');
const scenarios = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
const proved = new Set(
  scenarios.flatMap((text) => [...text.matchAll(/\bverifies\(\s*'([^']+)'/g)].map(([, id]) => id)),
);
const promised = requirements.flatMap(({ promises }) => Object.keys(promises));

describe('the manifest of requirements', () => {
  it('has a proof for every promise', () => {
    expect(promised.filter((id) => !proved.has(id))).toEqual([]);
  });

  it('knows every id that a scenario cites', () => {
    expect([...proved].filter((id) => !promised.includes(id ?? ''))).toEqual([]);
  });

  it('names every promise once', () => {
    expect(promised.filter((id, index) => promised.indexOf(id) !== index)).toEqual([]);
  });

  it('says where each promise comes from', () => {
    const root = join(import.meta.dirname, '..');
    const sources = requirements.map(({ source }) => source).filter((source) => !source.startsWith('https://'));
    const files = sources.map((source) => source.replace(/#.*/, ''));
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('has no scenario that is skipped, and no test that proves nothing', () => {
    expect(scenarios.filter((text) => /\b(it|test|describe)\.(skip|only|todo|fails)\b|\bit\(/.test(text))).toEqual([]);
  });
});
