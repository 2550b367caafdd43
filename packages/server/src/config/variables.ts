import { parseJsonc } from '@latchkey/mcp-bridge/jsonc';
import { configSchema } from './schema.ts';
import { SECRET_FILE_VARIABLES } from './secret-files.ts';

/** Latchkey's environment variables: the settings that they set, and the unknown names. */
export interface FoundVariables {
  /** By configuration key. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Names that start with our prefix but are not ours: a mistyped variable would otherwise seem to be set. */
  readonly unknown: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables, the keys that they set, and how their text is parsed. */
interface Setting {
  readonly variable: string;
  readonly key: string;
  readonly read: (text: string) => unknown;
}

const NAMED: readonly Setting[] = [
  { variable: 'LATCHKEY_HOST', key: 'host', read: String },
  { variable: 'LATCHKEY_PORT', key: 'port', read: readNumber },
  { variable: 'LATCHKEY_LISTEN', key: 'listen', read: readList },
  { variable: 'LATCHKEY_DATA', key: 'data', read: String },
  { variable: 'LATCHKEY_DATABASE', key: 'database', read: String },
  { variable: 'LATCHKEY_MODELS', key: 'models', read: String },
  { variable: 'LATCHKEY_MCP', key: 'mcp', read: String },
  { variable: 'LATCHKEY_ALLOWED_HOSTS', key: 'allowedHosts', read: readList },
  { variable: 'LATCHKEY_ALLOWED_ORIGINS', key: 'allowedOrigins', read: readList },
  { variable: 'LATCHKEY_PUBLIC_URL', key: 'publicUrl', read: String },
  { variable: 'LATCHKEY_TRUSTED_PROXIES', key: 'trustedProxies', read: readList },
  { variable: 'LATCHKEY_AUTH', key: 'auth', read: readBoolean },
  { variable: 'LATCHKEY_LOG', key: 'log', read: String },
  { variable: 'LATCHKEY_LOG_FILE', key: 'logFile', read: String },
];

/** `toolLabels` → `LATCHKEY_TOOL_LABELS` */
const toVariable = (key: string): string => `LATCHKEY_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** Every other key has a variable as well, whose value is JSON; it takes the place of the whole key of the file. */
const SETTINGS: readonly Setting[] = [
  ...NAMED,
  ...Object.keys(configSchema.shape)
    .filter((key) => !NAMED.some((setting) => setting.key === key))
    .map((key) => ({ variable: toVariable(key), key, read: readJson })),
];

/** Other variables that the client, the command and the server read. */
const OTHERS: readonly string[] = [
  'LATCHKEY_API_TOKEN',
  'LATCHKEY_URL',
  'LATCHKEY_PROFILE',
  'LATCHKEY_PROJECT',
  'LATCHKEY_SECRET',
  'LATCHKEY_SECRET_FORMER',
  'LATCHKEY_EARLIER_HMAC_KEY',
  ...SECRET_FILE_VARIABLES,
];

/** Kubernetes sets these in every container for each service, so also for a service named `latchkey`. */
const OF_A_SERVICE =
  /^LATCHKEY(?:_[A-Z0-9_]+)?_(?:SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
const ADDRESS_OF_A_SERVICE = /^(?:tcp|udp|sctp):\/\//;

/** Reads the variables; an empty variable counts as absent. */
export function findVariables(environment: Environment): FoundVariables {
  const settings: Record<string, unknown> = {};
  for (const { variable, key, read } of SETTINGS) {
    // Files and here-documents add a line break at the end; it is not part of the value.
    const text = (environment[variable] ?? '').trim();
    if (text !== '' && !ADDRESS_OF_A_SERVICE.test(text)) settings[key] = read(text);
  }
  const known = new Set([...SETTINGS.map(({ variable }) => variable), ...OTHERS]);
  const unknown = Object.keys(environment).filter(
    (name) => /^LATCHKEY_/i.test(name) && !known.has(name) && !OF_A_SERVICE.test(name),
  );
  return { settings, unknown };
}

/** The variable that sets a key. */
export const variableOf = (key: string): string | undefined => SETTINGS.find((entry) => entry.key === key)?.variable;

/** Parses a number. Other text is returned unchanged, so that the schema reports it by its key. */
function readNumber(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function readBoolean(text: string): unknown {
  return { true: true, '1': true, on: true, false: false, '0': false, off: false }[text.toLowerCase()] ?? text;
}

/** Parses JSON, with comments as in the file. Other text is returned unchanged: a word, or what the schema reports. */
function readJson(text: string): unknown {
  try {
    return parseJsonc(text);
  } catch {
    return text;
  }
}

/** Parses names separated by commas. */
function readList(text: string): unknown {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
