import { matchesGlob } from '@latchkey/auth-core';
import type { TaintRules } from './taint.ts';

/**
 * Entries of `toolLabels` that match no tool of the servers that they are about: a mistyped name would silently switch
 * a protection off. This is known only while all these servers are running.
 *
 * @param known plugin id to the names of its tools; undefined while it is not running
 * @returns plugin id to problems, in words
 */
export function unmatchedToolLabels(
  toolLabels: TaintRules['toolLabels'],
  known: ReadonlyMap<string, readonly string[] | undefined>,
): ReadonlyMap<string, readonly string[]> {
  const problems = new Map<string, string[]>();
  for (const [server, tools] of Object.entries(toolLabels)) {
    const about = [...known].filter(([id]) => matchesGlob(server, id));
    if (about.some(([, names]) => names === undefined)) continue;
    const names = about.flatMap(([, own]) => own ?? []);
    for (const tool of Object.keys(tools)) {
      if (tool === '*' || names.some((name) => matchesGlob(tool, name))) continue;
      const problem = `toolLabels: ${JSON.stringify(tool)} under ${JSON.stringify(server)} names no tool, so its labels mean nothing`;
      for (const [id] of about) problems.set(id, [...(problems.get(id) ?? []), problem]);
    }
  }
  return problems;
}
