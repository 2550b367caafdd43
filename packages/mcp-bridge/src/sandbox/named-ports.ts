import type { StdioServerEntry } from '../config/mcp-config.ts';

/** The ports of this machine that a server's entry names. */
export interface NamedPorts {
  /** Ports of services on localhost that the server calls. */
  readonly reached: readonly number[];
  /** Ports that the server itself listens on, for a login redirect or a browser. */
  readonly served: readonly number[];
}

/** A text of an entry, with the name of its variable or option. */
interface Named {
  readonly name: string;
  readonly text: string;
}

/** The default ports of services whose URL or variable gives none. */
const usualPorts: Readonly<Record<string, number>> = {
  http: 80,
  ws: 80,
  https: 443,
  wss: 443,
  pg: 5432,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  mariadb: 3306,
  mssql: 1433,
  sqlserver: 1433,
  redis: 6379,
  rediss: 6379,
  mongo: 27017,
  mongodb: 27017,
  amqp: 5672,
  mqtt: 1883,
  nats: 4222,
  neo4j: 7687,
  bolt: 7687,
  elasticsearch: 9200,
  qdrant: 6333,
  ollama: 11434,
};

const isLogin = /callback|redirect|oauth|auth|login|listen/i;
const isOwnPort = /^(?:(?:http|server|web|ui|app)[-_]?)?port$/i;
const isPortName = /(?:^|[-_]|pg)port$/i;
const isLocal = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])$/i;
const firstOfUsers = 1024;
const last = 65_535;

/**
 * Returns the ports of localhost in an entry: in URLs, as `host:port`, in variables and options called `…PORT`, and
 * those that the entry lists. The output of an `envFile` or an `envCommand` is not considered.
 */
export function namedPorts(entry: StdioServerEntry): NamedPorts {
  const { env, namedVariables = env, args, ports = [], sandbox } = entry;
  const reached = new Set(ports);
  const served = new Set<number>();
  if (typeof sandbox === 'object' && !sandbox.network) return { reached: [...reached], served: [] };
  const variables = Object.entries(namedVariables).map(([name, text]) => ({ name, text }));
  for (const { name, text } of [...variables, ...optionsOf(args)]) {
    const number = toPort(text);
    if (number !== undefined) {
      if (name === '' ? number >= firstOfUsers : isOwnPort.test(name) || (isLogin.test(name) && isPortName.test(name)))
        served.add(number);
      else if (name !== '' && isPortName.test(name)) reached.add(number);
      continue;
    }
    for (const { port, isBack } of portsOfHosts(name, text)) (isBack ? served : reached).add(port);
  }
  return { reached: [...reached], served: [...served].filter((port) => !reached.has(port)) };
}

/** Yields each option with its value, and arguments that belong to no option. */
function* optionsOf(args: readonly string[]): Generator<Named> {
  let option = '';
  for (const argument of args) {
    const isOption = argument.startsWith('-');
    const end = isOption ? argument.indexOf('=') : -1;
    if (end > 0) yield { name: bare(argument.slice(0, end)), text: argument.slice(end + 1) };
    else if (!isOption) yield { name: option, text: argument };
    option = isOption && end < 0 ? bare(argument) : '';
  }
}

const bare = (option: string): string => option.replace(/^-{1,2}/, '');

function toPort(text: string): number | undefined {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= last ? number : undefined;
}

function* portsOfHosts(name: string, text: string): Generator<{ port: number; isBack: boolean }> {
  for (const word of text.split(/[\s,;"'(){}=]+/)) {
    const [scheme, rest] = word.includes('://') ? (word.split('://', 2) as [string, string]) : [undefined, word];
    const [authority = ''] = rest.split(/[/?#]/, 1);
    const address = authority.slice(authority.lastIndexOf('@') + 1);
    const colon = address.endsWith(']') ? -1 : address.lastIndexOf(':');
    const host = colon < 0 ? address : address.slice(0, colon);
    if (!isLocal.test(host)) continue;
    const service = (scheme ?? /^(.*?)_?host$/i.exec(name)?.[1] ?? '').split('+')[0]?.toLowerCase() ?? '';
    const port = colon < 0 ? usualPorts[service] : toPort(address.slice(colon + 1));
    if (port !== undefined) yield { port, isBack: isLogin.test(name) || isLogin.test(rest.slice(authority.length)) };
  }
}
