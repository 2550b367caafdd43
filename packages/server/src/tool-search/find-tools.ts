import type { ToolDefinition } from '@latchkey/engine';
import { type RankedTool, type RankTools, rankTools } from './rank-tools.ts';

/** How many tools one search finds, unless the model asks for another number. */
const USUAL_RESULTS = 5;
const MOST_RESULTS = 20;
/** The names that the index shows, in characters. With many tools, they are examples. */
const INDEX_CHARACTERS = 800;

/** A tool that can be found, and the name of the group under which the index shows it. */
export interface FindableTool extends RankedTool {
  readonly group?: string;
}

/** The search over the tools of one request. */
export interface ToolFinder<T> {
  /** The definition of the tool that searches. */
  readonly definition: ToolDefinition;
  /** What was found, or what is wrong with the arguments. */
  find(args: Readonly<Record<string, unknown>>): { readonly found: readonly T[] } | { readonly problem: string };
}

/**
 * Creates the search over these tools, which are exactly those that the caller may use.
 *
 * @param then what is done with a tool that was found, in the words of the description
 */
export function createToolFinder<T extends FindableTool>(
  tools: readonly T[],
  name: string,
  then: string,
): ToolFinder<T> {
  // Most turns search once or never.
  let rank: RankTools<T> | undefined;
  return {
    definition: {
      name,
      description: `Finds tools by what they do. There are ${tools.length}, and only those that were found are shown. ${then} There are: ${indexOf(tools)}`,
      parameters: {
        type: 'object',
        properties: {
          query: { type: 'string', description: 'What the tool should do, in a few words, or its name.' },
          limit: { type: 'integer', minimum: 1, maximum: MOST_RESULTS, description: `Default: ${USUAL_RESULTS}.` },
        },
        required: ['query'],
      },
    },
    find({ query, limit = USUAL_RESULTS }) {
      if (typeof query !== 'string' || query.trim() === '') {
        return { problem: '"query" must be a text: what the tool should do, in a few words' };
      }
      if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1) {
        return { problem: `"limit" must be a whole number from 1 to ${MOST_RESULTS}` };
      }
      rank ??= rankTools(tools);
      return { found: rank(query, Math.min(limit, MOST_RESULTS)) };
    },
  };
}

/** The first of `name`, `name_2`, `name_3` … that is free. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let number = 2; isTaken(free); number += 1) free = `${name}_${number}`;
  return free;
}

/** The groups with their sizes and as many names as there is room for, the same number of characters for each. */
function indexOf(tools: readonly FindableTool[]): string {
  const groups = Map.groupBy(tools, ({ group }) => group);
  const room = Math.floor(INDEX_CHARACTERS / groups.size);
  return [...groups]
    .map(([group, members]) => {
      const names = fitting(members, room).join(', ');
      const shown = names === '' ? '' : `: ${names}`;
      const more = fitting(members, room).length < members.length && names !== '' ? ', …' : '';
      return group === undefined ? `${names}${more}` : `${group} (${members.length})${shown}${more}`;
    })
    .join('; ');
}

function fitting(tools: readonly FindableTool[], room: number): readonly string[] {
  let left = room;
  const names: string[] = [];
  for (const { name } of tools) {
    left -= name.length + 2;
    if (left < 0) break;
    names.push(name);
  }
  return names;
}
