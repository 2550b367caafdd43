import { createCustomKeyFormat } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { makeClosedFolder } from '../closed-folder.ts';
import type { ConnectionFlags } from '../connection.ts';
import { describeFailure } from '../describe-failure.ts';
import { withTokenAdministration } from '../token/administer-tokens.ts';
import type { FoundKey } from './found.ts';
import type { Item } from './item.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const format = createCustomKeyFormat(llm);

/** What would become of each key. Its text is not in it. */
export const lookAtKeys = (keys: readonly FoundKey[]): readonly Item[] =>
  keys.map(({ name, secret, grant, note }): Item => {
    const item = { what: 'key', name, grant } as const;
    const problem = problemOf(secret);
    if (problem !== undefined) return { ...item, outcome: 'left out', note: problem };
    return { ...item, outcome: 'taken', ...(note !== undefined && { note }) };
  });

function problemOf(secret: string): string | undefined {
  if (format.parse(secret) === undefined)
    return 'its text has the shape of another kind of token, or cannot be a header';
  const weakness = format.weaknessOf?.(secret);
  return weakness === undefined ? undefined : `it is easy to guess: it ${weakness}`;
}

/** Makes a custom key of each that was found to be one to take: its holders go on with the text that they have. */
export async function importKeys(
  keys: readonly FoundKey[],
  looked: readonly Item[],
  flags: ConnectionFlags,
  environment: Environment,
): Promise<readonly Item[]> {
  if (looked.every(({ outcome }) => outcome !== 'taken')) return looked;
  makeClosedFolder(flags);
  const items: Item[] = [];
  for (const [index, item] of looked.entries()) {
    const key = keys[index];
    items.push(key === undefined || item.outcome !== 'taken' ? item : await importKey(key, item, flags, environment));
  }
  return items;
}

async function importKey(
  { name, secret, grant }: FoundKey,
  item: Item,
  flags: ConnectionFlags,
  environment: Environment,
): Promise<Item> {
  try {
    await withTokenAdministration(flags, environment, (tokens) =>
      tokens.create({ name, kind: 'custom', grant, secret }),
    );
    return item;
  } catch (error) {
    const { ending, code, message } = describeFailure(error);
    if (code === 'internal') throw error;
    return { ...item, outcome: ending === 'conflict' ? 'there already' : 'left out', note: message };
  }
}
