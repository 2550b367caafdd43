// An MCP server over stdio with 120 tools as an office has them: twelve areas, ten acts on each, with described arguments.

import { createInterface } from 'node:readline';

const AREAS = ['issue', 'invoice', 'customer', 'calendar event', 'contract', 'pull request', 'mail', 'file', 'order'];
const MORE_AREAS = ['shipment', 'meeting room', 'employee'];
const ACTS: Readonly<Record<string, string>> = {
  list: 'Lists those that a filter selects, the newest first, a page at a time.',
  get: 'Reads one with all its fields and who changed it last.',
  create: 'Creates a new one and returns its id. Fields that are left out have their defaults.',
  update: 'Changes the fields that are given and leaves all others as they are.',
  delete: 'Deletes one. This cannot be undone.',
  search: 'Searches the texts of all that the user may see, by words or by a phrase in quotes.',
  comment: 'Adds a comment, which everybody who follows it is told of.',
  assign: 'Assigns one to a person or to a team, and tells them.',
  export: 'Writes those that a filter selects to a file: CSV, JSON or PDF.',
  archive: 'Moves one to the archive, where it can still be found and read.',
};

const text = (description: string) => ({ type: 'string', description });
const tools = [...AREAS, ...MORE_AREAS].flatMap((area) =>
  Object.entries(ACTS).map(([act, description]) => ({
    name: `${act}_${area.replaceAll(' ', '_')}`,
    description: `${description} Of the kind: ${area}.`,
    inputSchema: {
      type: 'object',
      properties: {
        id: text(`The id of the ${area}, as a list or a search returns it.`),
        filter: text('Words and fields, for example status:open owner:mei.'),
        limit: { type: 'integer', minimum: 1, maximum: 100, description: 'How many at most. Default: 20.' },
      },
      required: ['id'],
    },
  })),
);

const results: Readonly<Record<string, object>> = {
  initialize: {
    protocolVersion: '2025-06-18',
    capabilities: { tools: {} },
    serverInfo: { name: 'office', version: '1' },
  },
  'tools/list': { tools },
};

for await (const line of createInterface(process.stdin)) {
  const { id, method } = JSON.parse(line);
  if (id === undefined) continue;
  const result = results[method] ?? { content: [{ type: 'text', text: 'done' }] };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
}
