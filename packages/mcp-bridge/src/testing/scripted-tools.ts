/** A tool definition as it is sent; deliberately not always valid. */
export type RawTool = Record<string, unknown>;

const text = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };
const none = { type: 'object', properties: {} };

/** The tools of every scripted server; `createScriptedServer` defines what they do. */
export const scriptedTools: readonly RawTool[] = [
  { name: 'echo', description: 'Says the text back.', inputSchema: text },
  { name: 'calls', description: 'The names of the tools called so far, this call not counted.', inputSchema: none },
  { name: 'hang', description: 'Never answers.', inputSchema: none },
  { name: 'wait', description: 'Answers when `release` is called.', inputSchema: none },
  { name: 'release', description: 'Lets every `wait` answer.', inputSchema: none },
  { name: 'announce', description: 'Notifies the client that the tools have changed.', inputSchema: none },
  { name: 'progress', description: 'Reports progress as fast as it can, and never answers.', inputSchema: none },
  { name: 'die', description: 'Ends the process in the middle of the call.', inputSchema: none },
  { name: 'grandchild', description: 'Starts a process that outlives its parent; says its id.', inputSchema: none },
  {
    name: 'big',
    description: 'A text of so many bytes.',
    inputSchema: { type: 'object', properties: { bytes: { type: 'integer', minimum: 0 } }, required: ['bytes'] },
  },
  { name: 'fail', description: 'Says that it failed.', inputSchema: none },
  { name: 'refuse', description: 'Answers with a protocol error.', inputSchema: none },
  { name: 'garbage', description: 'Answers with something that is no result.', inputSchema: none },
  { name: 'structured', description: 'Answers with structured content only.', inputSchema: none },
];

const deep = (levels: number): unknown => (levels === 0 ? {} : { properties: { a: deep(levels - 1) } });
const keys = (count: number, schema: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, schema]));
const withSchema = (name: string, schema: object): RawTool => ({ name, inputSchema: { type: 'object', ...schema } });

/** Tools that no host should offer, each for a different reason; two of one name are defined differently. */
export const badTools: readonly unknown[] = [
  null,
  'a tool',
  { name: 'array-schema', inputSchema: { type: 'array' } },
  { name: 'text-schema', inputSchema: 'none' },
  { name: '', inputSchema: none },
  { name: 'x'.repeat(257), inputSchema: none },
  { name: 'zero\u200Bwidth', inputSchema: none },
  { name: 'twice', inputSchema: none },
  { name: 'twice', inputSchema: text },
  { name: 'task-only', inputSchema: none, execution: { taskSupport: 'required' } },
  { name: 'huge', inputSchema: none, description: 'x'.repeat(64 * 1024) },
  withSchema('too-deep', { properties: { a: deep(40) } }),
  withSchema('too-wide', { properties: keys(201, {}) }),
  withSchema('too-many-nodes', { properties: keys(150, { anyOf: Array.from({ length: 15 }, () => ({})) }) }),
  withSchema('too-many-refs', { $defs: { a: {} }, properties: keys(65, { $ref: '#/$defs/a' }) }),
  withSchema('hidden-name', { properties: { 'a\u202Eb': {} } }),
  withSchema('hidden-value', { properties: { a: { enum: ['a\u{E0041}'] } } }),
];
