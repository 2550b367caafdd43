import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { ConfigSources } from '../config/load-config.ts';
import { findConfigFile, loadConfig } from '../config/load-config.ts';
import type { ServerConfig } from '../config/schema.ts';
import { findVariables } from '../config/variables.ts';
import { addressesOf, isNoAddressHere } from '../state/addresses.ts';
import { findServer } from '../state/data-folder.ts';
import { isFolderLocked } from '../state/folder-lock.ts';
import { examineEngine } from './examine-engine.ts';
import { examineFolders } from './examine-folders.ts';
import { examineMachine, thisMachine } from './examine-machine.ts';
import { examineServers } from './examine-servers.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Describes an error in words; an unknown error in full. */
type DescribeError = (error: unknown) => string;

/**
 * Examines everything that a server on this machine needs, one part after the other, and yields each finding at once. A
 * failed check is a finding, and the next checks follow. Changes nothing; a server may be running meanwhile.
 */
export async function* examine(sources: ConfigSources, describeError: DescribeError): AsyncGenerator<Finding> {
  yield* examineMachine(thisMachine());
  const { environment } = sources;
  for (const name of findVariables(environment).unknown) {
    yield warning('environment', `there is no variable ${name}`, 'See docs/configuration.md.');
  }
  let config: ServerConfig;
  try {
    config = loadConfig(sources);
  } catch (error) {
    yield problem('configuration', describeError(error), 'What depends on the configuration was not examined.');
    return;
  }
  const file = findConfigFile(sources);
  yield ok('configuration', existsSync(file) ? file : `there is no ${file}; the defaults apply`);
  const checks: readonly (readonly [string, () => Promise<readonly Finding[]> | readonly Finding[]])[] = [
    ['data folder', () => examineFolders(config)],
    ['server', () => examineAddress(config)],
    ['llama.cpp', () => examineEngine(config)],
    ['mcp.json', () => examineServers(config, file, environment)],
  ];
  for (const [subject, check] of checks) {
    try {
      yield* await check();
    } catch (error) {
      yield problem(subject, describeError(error));
    }
  }
}

/** Says whether a server runs on the data folder, and otherwise whether its address is free. */
async function examineAddress({ data, host, port }: ServerConfig): Promise<readonly Finding[]> {
  if (isFolderLocked(data)) {
    const url = findServer(data)?.url;
    return [ok('server', `one runs on the data folder${url === undefined ? '' : `, at ${url}`}`)];
  }
  const failure = await listenOnAny(host, port);
  if (failure === undefined) return [ok('address', `${host} port ${port} is free`)];
  return [
    problem(
      'address',
      `${host} port ${port} cannot be listened on (${failure})`,
      'Choose others with --host and --port.',
    ),
  ];
}

/** Listens for a moment, as a server would. Returns the system's code when that fails. */
async function listenOnAny(host: string, port: number): Promise<string | undefined> {
  const addresses = await addressesOf(host).catch(({ code, message }: NodeJS.ErrnoException) => code ?? message);
  if (typeof addresses === 'string') return addresses;
  let failure: string | undefined;
  for (const address of addresses) {
    failure = await listenOnce(address, port);
    if (failure === undefined || !isNoAddressHere({ code: failure })) return failure;
  }
  return failure;
}

/** Listens on an address for a moment. Returns the system's code when that fails. */
function listenOnce(host: string, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  return promise;
}
