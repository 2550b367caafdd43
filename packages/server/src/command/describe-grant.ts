type Fields = Readonly<Record<string, unknown>>;

/** The fields of a grant, in the order in which they are shown, and the label of each. */
const LABELS: Readonly<Record<string, string>> = {
  actions: 'may',
  models: 'models',
  mcp: 'tools',
  ephemeralMcp: "tools of a request's own servers",
  networks: 'from',
  projects: 'projects',
  notBefore: 'not before',
  expiresAt: 'until',
  limits: 'limits',
};

/** What a grant denies when it does not mention it. */
const DENIED_WHEN_ABSENT: ReadonlySet<string> = new Set(['models', 'mcp', 'ephemeralMcp']);

/**
 * Formats a grant as lines for people. The grant may be from another version: a field that is not understood is shown
 * as it is.
 */
export function describeGrant(grant: Fields): readonly string[] {
  const keys = [...Object.keys(LABELS), ...Object.keys(grant).filter((key) => !Object.hasOwn(LABELS, key))];
  return keys.flatMap((key) => {
    const label = LABELS[key] ?? key;
    if (grant[key] === undefined) return DENIED_WHEN_ABSENT.has(key) ? [`${label}: none`] : [];
    return key === 'mcp' ? describeServers(label, grant[key]) : [`${label}: ${describeValue(grant[key])}`];
  });
}

function describeServers(label: string, value: unknown): readonly string[] {
  const servers = Object.entries(fieldsOf(value));
  if (servers.length === 0) return [`${label}: none`];
  return servers.map(([server, { tools } = {} as Fields]) => {
    const rules = Object.entries(fieldsOf(tools)).map(
      ([tool, rule]) => `${orAll(tool)}${describeRule(fieldsOf(rule))}`,
    );
    return `${label}: ${server === '*' ? 'every server' : server}: ${rules.length === 0 ? 'none' : rules.join('; ')}`;
  });
}

const CLASSES: Readonly<Record<string, string>> = {
  '*': 'all',
  '@readOnly': 'all that only read',
  '@additive': 'all that only add',
  '@destructive': 'all that may change or remove',
};

const orAll = (tool: string): string => CLASSES[tool] ?? tool;

function describeRule(rule: Fields): string {
  const { approval, arguments: conditions, additionalArguments, callsPerMinute, callsPerDay, ...others } = rule;
  const parts = [
    ...(approval === undefined ? [] : ['a person must agree']),
    ...Object.entries(fieldsOf(conditions)).map(
      ([name, condition]) => `${name} ${describeValue(condition, ' or ', ' and ')}`,
    ),
    ...(additionalArguments === false ? ['no other arguments'] : []),
    ...(callsPerMinute === undefined ? [] : [`${callsPerMinute} calls a minute`]),
    ...(callsPerDay === undefined ? [] : [`${callsPerDay} calls a day`]),
    ...(Object.keys(others).length === 0 ? [] : [describeValue(others)]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** Formats a list or an object as text; `or` separates the members of a list, `and` those of an object. */
function describeValue(value: unknown, or = ', ', and = '; '): string {
  if (value === '*') return 'all';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => describeValue(one)).join(or);
  const fields = Object.entries(fieldsOf(value));
  if (fields.length === 0) return JSON.stringify(value);
  return fields.map(([key, member]) => `${key} ${describeValue(member, or)}`).join(and);
}

function fieldsOf(value: unknown): Readonly<Record<string, Fields>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
