/**
 * Questions on the tools of published MCP servers, and what is to come of each, as data. They are the regression test of the
 * whole way from a request to its answer (template, grammar, parser, bridge), asked by `scenarios/nano-questions.test.ts`. What is
 * answered wrongly is looked at and stays in the table.
 */
export interface QuestionGroup {
  /** The server's label in mcp.json. */
  readonly server: 'everything' | 'files' | 'memory';
  /** The tools that are offered with each question of the group. */
  readonly offered: 'all' | readonly string[];
  readonly questions: readonly Question[];
}

export interface Question {
  readonly ask: string;
  /** The calls that the model is to make, in order: each a tool and its arguments. */
  readonly calls: readonly (readonly [tool: string, args: object])[];
  readonly kind: AnswerKind;
  /** What the answer must contain: a value that a tool has given. */
  readonly says?: string;
}

/**
 * What became of what was asked:
 *
 * - `answered`: the calls were made.
 * - `denied`: a rule denied the call: one of the caller's grant (see `RULES`) or one of the server.
 * - `unagreed`: a person was asked about the call, and said no.
 * - `failed`: the tool reported an error.
 * - `no tool`: none of the tools does this.
 */
export type AnswerKind = 'answered' | 'denied' | 'unagreed' | 'failed' | 'no tool';

/** Stands for the folder of the files in questions, arguments and answers. */
export const FOLDER = 'FOLDER';

/** The files in the folder before the first question. */
export const FILES: Readonly<Record<string, string>> = {
  'docs/notes.txt': 'Buy green tea.\nCall Mei.\n',
  'docs/color.txt': 'blue',
  'docs/plan.md': 'red fox',
  'docs/draft.txt': 'yellow',
  'old/list.txt': 'seven herrings',
};

/** The names and notes of the entities in the knowledge graph before the first question. */
export const ENTITIES: Readonly<Record<string, string>> = { Mei: 'likes green tea', Olaf: 'counts herrings' };

/** The rules of the caller whose calls are to be denied: argument conditions by server and tool. */
export const RULES: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  everything: {
    echo: { message: { pattern: '^green' } },
    'get-sum': { a: { maximum: 100 }, b: { maximum: 100 } },
    'get-structured-content': { location: { const: 'Chicago' } },
  },
  files: {
    read_text_file: { path: { within: `${FOLDER}/docs` } },
    write_file: { path: { within: `${FOLDER}/docs` } },
    list_directory: { path: { within: `${FOLDER}/docs` } },
  },
  memory: { search_nodes: { query: { enum: ['Mei'] } }, delete_entities: { entityNames: { maxItems: 0 } } },
};

const FIVE_OF_EVERYTHING = ['echo', 'get-env', 'get-structured-content', 'get-sum', 'trigger-long-running-operation'];
const FIVE_OF_FILES = ['read_text_file', 'write_file', 'list_directory', 'search_files', 'get_file_info'];
/** All fourteen are longer than the model's context; the definitions of these leave room for a second call. */
const FILES_THAT_FIT = [...FIVE_OF_FILES, 'create_directory', 'move_file', 'list_allowed_directories'];
const FIVE_OF_MEMORY = ['read_graph', 'search_nodes', 'open_nodes', 'create_entities', 'delete_entities'];

const echo = (message: string): Question['calls'][number] => ['echo', { message }];
const sum = (a: number, b: number): Question['calls'][number] => ['get-sum', { a, b }];
const weather = (location: string): Question['calls'][number] => ['get-structured-content', { location }];
const read = (path: string): Question['calls'][number] => ['read_text_file', { path }];
const write = (path: string, content: string): Question['calls'][number] => ['write_file', { path, content }];
const list = (path: string): Question['calls'][number] => ['list_directory', { path }];

export const QUESTIONS: readonly QuestionGroup[] = [
  {
    server: 'everything',
    offered: ['echo'],
    questions: [
      { ask: 'Echo hello world', calls: [echo('hello world')], kind: 'answered', says: 'hello world' },
      { ask: 'Echo the quick red fox', calls: [echo('the quick red fox')], kind: 'answered', says: 'quick red fox' },
      { ask: 'Echo red fox', calls: [echo('red fox')], kind: 'denied' },
      { ask: 'Echo hello', calls: [echo('hello')], kind: 'unagreed' },
    ],
  },
  {
    server: 'everything',
    offered: ['get-sum'],
    questions: [
      { ask: 'What is 3 plus 4?', calls: [sum(3, 4)], kind: 'answered', says: '7' },
      { ask: 'Add 40 and 2.', calls: [sum(40, 2)], kind: 'unagreed' },
      { ask: 'Add 1 and 1000.', calls: [sum(1, 1000)], kind: 'denied' },
    ],
  },
  {
    server: 'everything',
    offered: FIVE_OF_EVERYTHING,
    questions: [
      { ask: 'What is 12 plus 30?', calls: [sum(12, 30)], kind: 'answered', says: '42' },
      { ask: 'Please echo "blue sky"', calls: [echo('blue sky')], kind: 'answered', says: 'blue sky' },
      { ask: 'What is the weather in New York?', calls: [weather('New York')], kind: 'answered', says: 'Cloudy' },
      {
        ask: 'Start a long running operation with duration 1 and steps 3',
        calls: [['trigger-long-running-operation', { duration: 1, steps: 3 }]],
        kind: 'answered',
        says: 'completed',
      },
      {
        ask: 'Echo hello world and then add 3 and 4',
        calls: [echo('hello world'), sum(3, 4)],
        kind: 'answered',
        says: '7',
      },
      { ask: 'Sum 8 and 80.', calls: [sum(8, 80)], kind: 'answered', says: '88' },
      { ask: 'What is 500 plus 20?', calls: [sum(500, 20)], kind: 'denied' },
      { ask: 'Add 8 and 9.', calls: [sum(8, 9)], kind: 'unagreed' },
      { ask: 'Write blue to the file a.txt', calls: [], kind: 'no tool' },
    ],
  },
  {
    server: 'everything',
    offered: 'all',
    questions: [
      { ask: 'What is 19 plus 23?', calls: [sum(19, 23)], kind: 'answered', says: '42' },
      { ask: 'Sum 100 and 250.', calls: [sum(100, 250)], kind: 'answered', says: '350' },
      { ask: 'Echo green tea', calls: [echo('green tea')], kind: 'answered', says: 'green tea' },
      { ask: 'What is 30 + 12?', calls: [sum(30, 12)], kind: 'answered', says: '42' },
      { ask: 'Echo the message hello world', calls: [echo('hello world')], kind: 'answered', says: 'hello world' },
      {
        ask: 'Echo red fox and then add 1 and 2',
        calls: [echo('red fox'), sum(1, 2)],
        kind: 'answered',
        says: 'The sum of 1 and 2 is 3',
      },
      { ask: 'What is the weather in Chicago?', calls: [weather('Chicago')], kind: 'answered', says: 'Light rain' },
      {
        ask: 'Run the long operation for 1 seconds in 2 steps.',
        calls: [['trigger-long-running-operation', { duration: 1, steps: 2 }]],
        kind: 'answered',
        says: 'completed',
      },
      { ask: 'Show me the tiny image.', calls: [['get-tiny-image', {}]], kind: 'answered', says: 'image' },
      { ask: 'Add 7 and 5 and then echo hello', calls: [sum(7, 5), echo('hello')], kind: 'answered', says: '12' },
      { ask: 'Echo red fox', calls: [echo('red fox')], kind: 'denied' },
      { ask: 'Add 700 and 1.', calls: [sum(700, 1)], kind: 'denied' },
      { ask: 'What is the weather in Los Angeles?', calls: [weather('Los Angeles')], kind: 'denied' },
      { ask: 'Echo hello world', calls: [echo('hello world')], kind: 'unagreed' },
      { ask: 'What is 2 plus 2?', calls: [sum(2, 2)], kind: 'unagreed' },
      { ask: 'Send an e-mail to bob@example.com', calls: [], kind: 'no tool' },
    ],
  },
  {
    server: 'files',
    offered: ['read_text_file'],
    questions: [
      {
        ask: 'Read the file FOLDER/docs/color.txt',
        calls: [read('FOLDER/docs/color.txt')],
        kind: 'answered',
        says: 'blue',
      },
      {
        ask: 'What is the first line of FOLDER/docs/notes.txt?',
        calls: [read('FOLDER/docs/notes.txt')],
        kind: 'answered',
        says: 'Buy green tea.',
      },
      { ask: 'Read the file /etc/hosts', calls: [read('/etc/hosts')], kind: 'denied' },
      { ask: 'Read the file FOLDER/old/list.txt', calls: [read('FOLDER/old/list.txt')], kind: 'unagreed' },
      {
        ask: 'Read the file FOLDER/docs/missing.txt',
        calls: [read('FOLDER/docs/missing.txt')],
        kind: 'failed',
        says: 'ENOENT',
      },
    ],
  },
  {
    server: 'files',
    offered: ['write_file'],
    questions: [
      {
        ask: 'Write hello to the file FOLDER/docs/hello.txt',
        calls: [write('FOLDER/docs/hello.txt', 'hello')],
        kind: 'answered',
        says: 'FOLDER/docs/hello.txt',
      },
      { ask: 'Save blue to the file /etc/hosts', calls: [write('/etc/hosts', 'blue')], kind: 'denied' },
    ],
  },
  {
    server: 'files',
    offered: FIVE_OF_FILES,
    questions: [
      {
        ask: 'What is in FOLDER/docs/plan.md?',
        calls: [read('FOLDER/docs/plan.md')],
        kind: 'answered',
        says: 'red fox',
      },
      { ask: 'List the files in FOLDER/old', calls: [list('FOLDER/old')], kind: 'answered', says: 'list.txt' },
      {
        ask: 'Write blue sky to the file FOLDER/docs/sky.txt',
        calls: [write('FOLDER/docs/sky.txt', 'blue sky')],
        kind: 'answered',
        says: 'FOLDER/docs/sky.txt',
      },
      {
        ask: 'Search FOLDER/docs for *.md',
        calls: [['search_files', { path: 'FOLDER/docs', pattern: '*.md' }]],
        kind: 'answered',
        says: 'FOLDER/docs/plan.md',
      },
      {
        ask: 'Read FOLDER/docs/color.txt and save its content to FOLDER/docs/copy.txt',
        calls: [read('FOLDER/docs/color.txt'), write('FOLDER/docs/copy.txt', 'blue')],
        kind: 'answered',
        says: 'FOLDER/docs/copy.txt',
      },
      { ask: 'Write red fox to the file /etc/motd', calls: [write('/etc/motd', 'red fox')], kind: 'denied' },
      { ask: 'What does FOLDER/old/list.txt say?', calls: [read('FOLDER/old/list.txt')], kind: 'denied' },
      {
        ask: 'Write red fox to the file FOLDER/docs/fox.txt',
        calls: [write('FOLDER/docs/fox.txt', 'red fox')],
        kind: 'unagreed',
      },
      {
        ask: 'Show me the content of FOLDER/docs/color.txt.',
        calls: [read('FOLDER/docs/color.txt')],
        kind: 'answered',
        says: 'blue',
      },
      { ask: 'List the files in FOLDER/nowhere', calls: [list('FOLDER/nowhere')], kind: 'failed', says: 'ENOENT' },
      { ask: 'Read the file FOLDER/docs', calls: [read('FOLDER/docs')], kind: 'failed', says: 'EISDIR' },
    ],
  },
  {
    server: 'files',
    offered: FILES_THAT_FIT,
    questions: [
      {
        ask: 'Read the file FOLDER/docs/plan.md',
        calls: [read('FOLDER/docs/plan.md')],
        kind: 'answered',
        says: 'red fox',
      },
      {
        ask: 'Create the directory FOLDER/docs/new',
        calls: [['create_directory', { path: 'FOLDER/docs/new' }]],
        kind: 'answered',
        says: 'FOLDER/docs/new',
      },
      {
        ask: 'Move FOLDER/docs/draft.txt to FOLDER/old/draft.txt',
        calls: [['move_file', { source: 'FOLDER/docs/draft.txt', destination: 'FOLDER/old/draft.txt' }]],
        kind: 'answered',
        says: 'FOLDER/old/draft.txt',
      },
      {
        ask: 'Which directories are allowed?',
        calls: [['list_allowed_directories', {}]],
        kind: 'answered',
        says: 'FOLDER',
      },
      {
        ask: 'How big is FOLDER/docs/color.txt?',
        calls: [['get_file_info', { path: 'FOLDER/docs/color.txt' }]],
        kind: 'answered',
      },
      { ask: 'Open FOLDER/docs/color.txt', calls: [read('FOLDER/docs/color.txt')], kind: 'answered', says: 'blue' },
      {
        ask: 'Find *.md in FOLDER/docs',
        calls: [['search_files', { path: 'FOLDER/docs', pattern: '*.md' }]],
        kind: 'answered',
        says: 'FOLDER/docs/plan.md',
      },
      { ask: 'Read the file /etc/passwd', calls: [read('/etc/passwd')], kind: 'denied' },
      { ask: 'List the files in /etc', calls: [list('/etc')], kind: 'denied' },
      {
        ask: 'Create the folder FOLDER/docs/trash',
        calls: [['create_directory', { path: 'FOLDER/docs/trash' }]],
        kind: 'unagreed',
      },
      {
        ask: 'Write hello world to the file FOLDER/nowhere/a.txt',
        calls: [write('FOLDER/nowhere/a.txt', 'hello world')],
        kind: 'failed',
        says: 'ENOENT',
      },
      { ask: 'What is the weather in Oslo?', calls: [], kind: 'no tool' },
    ],
  },
  {
    server: 'memory',
    offered: ['search_nodes'],
    questions: [
      { ask: 'Search the nodes for Mei', calls: [['search_nodes', { query: 'Mei' }]], kind: 'answered', says: 'Mei' },
      { ask: 'Search the nodes for Olaf', calls: [['search_nodes', { query: 'Olaf' }]], kind: 'denied' },
    ],
  },
  {
    server: 'memory',
    offered: ['open_nodes'],
    questions: [
      { ask: 'Open the node Mei', calls: [['open_nodes', { names: ['Mei'] }]], kind: 'answered', says: 'Mei' },
      { ask: 'Open the nodes Olaf', calls: [['open_nodes', { names: ['Olaf'] }]], kind: 'unagreed' },
    ],
  },
  {
    server: 'memory',
    offered: FIVE_OF_MEMORY,
    questions: [
      { ask: 'Read the knowledge graph.', calls: [['read_graph', {}]], kind: 'answered', says: 'Mei' },
      { ask: 'Open the node Olaf', calls: [['open_nodes', { names: ['Olaf'] }]], kind: 'answered', says: 'Olaf' },
      { ask: 'Search the nodes for Mei', calls: [['search_nodes', { query: 'Mei' }]], kind: 'answered', says: 'Mei' },
      { ask: 'Delete the entity Mei', calls: [['delete_entities', { entityNames: ['Mei'] }]], kind: 'denied' },
      { ask: 'Delete the entity Olaf', calls: [['delete_entities', { entityNames: ['Olaf'] }]], kind: 'unagreed' },
      { ask: 'Send an e-mail to Bob', calls: [], kind: 'no tool' },
    ],
  },
  {
    server: 'memory',
    offered: 'all',
    questions: [
      {
        ask: 'Search the graph for herrings',
        calls: [['search_nodes', { query: 'herrings' }]],
        kind: 'answered',
        says: 'Olaf',
      },
      {
        ask: 'Create the person Vera with the note likes red foxes',
        calls: [
          [
            'create_entities',
            { entities: [{ name: 'Vera', entityType: 'person', observations: ['likes red foxes'] }] },
          ],
        ],
        kind: 'answered',
        says: 'Vera',
      },
      { ask: 'Open the node Olaf', calls: [['open_nodes', { names: ['Olaf'] }]], kind: 'answered', says: 'Olaf' },
      { ask: 'Open the node Mei', calls: [['open_nodes', { names: ['Mei'] }]], kind: 'answered', says: 'Mei' },
      { ask: 'Search the nodes for Olaf', calls: [['search_nodes', { query: 'Olaf' }]], kind: 'denied' },
      { ask: 'Delete the entity Mei', calls: [['delete_entities', { entityNames: ['Mei'] }]], kind: 'denied' },
      { ask: 'Read the knowledge graph.', calls: [['read_graph', {}]], kind: 'unagreed' },
      { ask: 'Remove the entity Olaf', calls: [['delete_entities', { entityNames: ['Olaf'] }]], kind: 'unagreed' },
      { ask: 'What is the weather in Oslo?', calls: [], kind: 'no tool' },
    ],
  },
];
