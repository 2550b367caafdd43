import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createNamedFolder } from '@latchkey/demo/src/named-folder.ts';
import { beforeAll, expect } from 'vitest';
import type { AnswerKind } from '../nano-questions.ts';
import { askQuestions, type Outcome, writeWhatIsAskedFor } from '../support/ask-questions.ts';
import { everything, filesystem, memory } from '../support/mcp-servers.ts';
import { startServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

const ENOUGH = 0.95;

/** How the model begins to say what became of a call; every other beginning is an answer. */
const BEGINNINGS: Readonly<Record<Exclude<AnswerKind, 'answered'>, string>> = {
  denied: 'I was not allowed to ',
  unagreed: 'Nobody agreed to ',
  failed: 'The tool failed: ',
  'no tool': 'I have no tool for that.',
};

const hasRightCalls = ({ question, calls }: Outcome): boolean => isDeepStrictEqual(calls, question.calls);

function isRightAnswer({ question: { kind, says = '' }, answer }: Outcome): boolean {
  const [found = 'answered'] = Object.entries(BEGINNINGS).find(([, beginning]) => answer.startsWith(beginning)) ?? [];
  return found === kind && answer.includes(says);
}

let outcomes: readonly Outcome[];
beforeAll(async () => {
  using asked = createNamedFolder();
  using kept = createTemporaryFolder();
  const graph = join(kept.path, 'graph.jsonl');
  writeWhatIsAskedFor(asked.path, graph);
  await using server = await startServer({
    mcpServers: { everything: everything(), files: filesystem(asked.path), memory: memory(graph) },
  });
  outcomes = await askQuestions(server, asked.path);
  console.log(report());
}, 300_000);

/** How many were right, and the whole of those that were not. */
function report(): string {
  const [calls, answers] = [hasRightCalls, isRightAnswer].map((isRight) => outcomes.filter(isRight).length);
  const misses = outcomes.filter((outcome) => !hasRightCalls(outcome) || !isRightAnswer(outcome));
  const lines = misses.map(
    ({ group: { server, offered }, question, calls, answer }) =>
      `${server}, ${offered === 'all' ? 'all' : offered.length} offered: ${question.ask}\n` +
      `  expected  ${JSON.stringify(question.calls)}  ${question.kind} ${question.says ?? ''}\n` +
      `  got       ${JSON.stringify(calls)}  ${answer}`,
  );
  return [`Of ${outcomes.length} questions ${calls} had the right calls, ${answers} the right answer.`, ...lines].join(
    '\n',
  );
}

const shareOf = (isRight: (outcome: Outcome) => boolean): number => outcomes.filter(isRight).length / outcomes.length;

verifies('nano.calls', () => expect(shareOf(hasRightCalls)).toBeGreaterThanOrEqual(ENOUGH));
verifies('nano.answers', () => expect(shareOf(isRightAnswer)).toBeGreaterThanOrEqual(ENOUGH));
