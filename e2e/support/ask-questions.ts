import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type AnswerKind,
  ENTITIES,
  FILES,
  FOLDER,
  QUESTIONS,
  type Question,
  type QuestionGroup,
  RULES,
} from '../nano-questions.ts';
import type { Api } from './api.ts';
import type { Json } from './json.ts';
import type { TestServer } from './server.ts';
import { createToken, withTools } from './tokens.ts';

/** The outcome of a question. */
export interface Outcome {
  readonly group: QuestionGroup;
  readonly question: Question;
  /** The model's calls of existing tools, including those that were denied. */
  readonly calls: Question['calls'];
  /** The model's last message. */
  readonly answer: string;
}

/** Writes the data of the questions: files in a folder, and the file in which server-memory keeps its graph. */
export function writeWhatIsAskedFor(folder: string, graph: string): void {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const entities = Object.entries(ENTITIES).map(([name, note]) =>
    JSON.stringify({ type: 'entity', name, entityType: 'person', observations: [note] }),
  );
  writeFileSync(graph, entities.join('\n'));
}

/** Asks all questions: those on each MCP server one after the other, the servers at the same time. */
export async function askQuestions(server: TestServer, folder: string): Promise<readonly Outcome[]> {
  const lanes = Map.groupBy(withFolder(QUESTIONS, folder), (group) => group.server).values();
  const callers = await createCallers(server, folder);
  const outcomes = await Promise.all(
    [...lanes].map(async (groups) => {
      const lane: Outcome[] = [];
      for (const group of groups) {
        for (const question of group.questions) lane.push(await ask(server, callers(question.kind), group, question));
      }
      return lane;
    }),
  );
  return outcomes.flat();
}

/** Creates three callers: one may make any call, the rules restrict the second, the third needs approvals. */
async function createCallers(server: TestServer, folder: string): Promise<(kind: AnswerKind) => Api> {
  const any = { '*': {} };
  const ruled = Object.entries(withFolder(RULES, folder)).map(([label, tools]) => {
    const rules = Object.entries(tools).map(([tool, conditions]) => [tool, { arguments: conditions }]);
    return [`mcp/${label}`, { ...any, ...Object.fromEntries(rules) }];
  });
  const [free, denied, unagreed] = await Promise.all([
    createToken(server, 'free', withTools({ '*': any })),
    createToken(server, 'ruled', withTools(Object.fromEntries(ruled))),
    createToken(server, 'asking', withTools({ '*': { '*': { approval: 'ask' } } })),
  ]);
  return (kind) => (kind === 'denied' ? denied : kind === 'unagreed' ? unagreed : free);
}

async function ask(server: TestServer, caller: Api, group: QuestionGroup, question: Question): Promise<Outcome> {
  const plugin = { type: 'plugin', id: `mcp/${group.server}` };
  const integration = group.offered === 'all' ? plugin : { ...plugin, allowed_tools: group.offered };
  const stream = await caller.stream({ input: question.ask, integrations: [integration], store: false });
  for (;;) {
    const event = await stream.until('tool_call.approval_required', 'chat.end');
    if (event.type === 'chat.end') return { group, question, ...outcomeOf(event.result.output) };
    await server.admin.post(`/api/v1/approvals/${event.approval_id}`, { decision: 'deny' });
  }
}

function outcomeOf(output: readonly Json[]): Pick<Outcome, 'calls' | 'answer'> {
  return {
    calls: output.flatMap(({ type, tool, arguments: args, metadata }) => {
      if (type === 'tool_call') return [[tool, args]];
      // A call of a tool that does not exist is an `invalid_name`: nothing was called.
      return metadata?.type === 'invalid_arguments' ? [[metadata.tool_name, metadata.arguments]] : [];
    }),
    answer: output.findLast(({ type }) => type === 'message')?.content ?? '',
  };
}

const withFolder = <T>(data: T, folder: string): T => JSON.parse(JSON.stringify(data).replaceAll(FOLDER, folder));
