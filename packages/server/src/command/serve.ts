import type { Command } from 'commander';
import { type ConfigSources, findConfigFile, loadConfig } from '../config/load-config.ts';
import { failureAt } from '../config/path-failure.ts';
import type { ServerConfig } from '../config/schema.ts';
import { findVariables } from '../config/variables.ts';
import { CUTTING_MILLISECONDS, createServer, type Server } from '../create-server.ts';
import { type Logger, openLog } from '../telemetry/logger.ts';
import { CommandError } from './command-error.ts';
import { describeUnusable } from './describe-unusable.ts';
import { keepWatchdog, notifySystem, takeInherited } from './notify-system.ts';
import { print } from './print.ts';
import { watchSignals } from './signals.ts';
import { printSummary } from './start-summary.ts';
import { createConfigLookout, watchConfigFile } from './watch-config-file.ts';

interface Flags {
  readonly port?: string;
  readonly host?: string;
  readonly listen?: readonly string[];
  readonly data?: string;
  readonly models?: string;
  readonly mcp?: string;
  readonly config?: string;
  readonly logFile?: string;
  readonly auth: boolean;
  readonly allowUnauthenticatedNetwork?: boolean;
}

/** `latchkey serve`. Writes one line to standard output when the server is ready; the log goes to standard error. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run the server')
    .option('--port <port>', 'the port to listen on (default: 1234)')
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1)')
    .option('--listen <unix:path...>', 'also listen on a Unix socket, unix:/run/latchkey/http.sock')
    .option('--data <dir>', 'tokens, conversations and keys (default: ~/.latchkey)')
    .option('--models <dir>', 'models as <publisher>/<name>.gguf (default: DATA/models)')
    .option('--mcp <file>', 'the mcp.json (default: DATA/mcp.json)')
    .option('--config <file>', 'settings (default: DATA/config.json)')
    .option('--log-file <file>', 'where the log goes; opened again at SIGHUP (default: standard error)')
    .option('--no-auth', 'let every process on this machine in; MCP tools and administration are off then')
    .option('--allow-unauthenticated-network', 'accept --no-auth on an address that others reach')
    .action(serve);
}

async function serve(flags: Flags): Promise<void> {
  const handleSignals = watchSignals();
  // The process that reads the line below may then exit and close the pipe; the server keeps running.
  process.stdout.removeAllListeners('error').on('error', () => {});
  const sources: ConfigSources = {
    environment: process.env,
    flags: {
      port: flags.port === undefined || !/^\d+$/.test(flags.port) ? flags.port : Number(flags.port),
      host: flags.host,
      listen: flags.listen,
      data: flags.data,
      models: flags.models,
      mcp: flags.mcp,
      logFile: flags.logFile,
      auth: flags.auth ? undefined : false,
      allowUnauthenticatedNetwork: flags.allowUnauthenticatedNetwork,
    },
    ...(flags.config === undefined ? {} : { file: flags.config }),
  };
  const config = loadConfig(sources);
  const { logger, destination } = openLog(config.log, config.logFile);
  const configFile = findConfigFile(sources);
  // A fault in one request, or in a library in the background, must not end the other requests; Node's default ends the
  // process.
  process.on('unhandledRejection', (reason) => {
    logger.error({ err: reason }, 'a failure that nothing waited for; the server goes on');
  });
  const inherited = takeInherited(process.env, process.pid);
  const server = await createServer(config, { logger, configFile, inherited }).catch((error: unknown) => {
    throw inUse(error, config);
  });
  const lookAtConfig = createConfigLookout({
    file: configFile,
    running: config,
    load: () => loadConfig(sources),
    logger,
  });
  watchConfigFile(configFile, lookAtConfig);
  handleSignals({
    stop: (signal) => {
      logger.info({ signal }, 'stopping; a second signal stops at once');
      notifySystem('STOPPING=1');
      void end(server, config, logger).then(async (exitCode) => {
        await destination.flush(FLUSH_MILLISECONDS);
        process.exit(exitCode);
      });
    },
    readAgain: () => {
      logger.info('reading mcp.json again');
      void server.reload();
      lookAtConfig();
    },
    reopenLog: () => {
      try {
        destination.reopen();
      } catch (error) {
        logger.error({ err: error }, 'the log goes on where it went');
      }
    },
  });
  if (!config.auth) logger.warn('authentication is off: every caller who reaches this address may use the models');
  if (process.pid === 1) logger.warn(PROCESS_ONE);
  print(`latchkey listening on ${server.url}`);
  for (const path of server.paths) print(`and on unix:${path}`);
  if (server.ollamaUrl !== undefined) print(`and for clients of Ollama on ${server.ollamaUrl}`);
  notifySystem('READY=1');
  keepWatchdog(process.env, process.pid);
  void tellOverview(server, config, logger);
}

/** How long writing the last lines of the log may take. */
const FLUSH_MILLISECONDS = 500;

/** How long closing models, MCP servers and the database may take after the last request. */
const TIDYING_MILLISECONDS = 2000;

const PROCESS_ONE =
  'the server is process 1, which has to collect the ended processes of others and does not: run it under an init ' +
  '(docker run --init)';

/** Stops the server within `limits.shutdownSeconds` plus three seconds. Returns the process's exit code. */
async function end(server: Server, { limits: { shutdownSeconds } }: ServerConfig, logger: Logger): Promise<number> {
  const late = Promise.withResolvers<number>();
  const timer = setTimeout(
    () => {
      logger.error('stopping took too long; what still ran is ended with the process');
      late.resolve(1);
    },
    shutdownSeconds * 1000 + CUTTING_MILLISECONDS + TIDYING_MILLISECONDS,
  );
  const closed = server.close().then(
    () => 0,
    (error: unknown) => {
      logger.error({ err: error }, 'stopping failed');
      return 1;
    },
  );
  return Promise.race([closed, late.promise]).finally(() => clearTimeout(timer));
}

/** Prints the whole overview on a terminal; in a log, only the problems. */
async function tellOverview(server: Server, config: ServerConfig, logger: Logger): Promise<void> {
  const unknown = findVariables(process.env).unknown.map(
    (name) => `there is no variable ${name}; see docs/configuration.md`,
  );
  try {
    const found = await server.overview();
    const overview = { ...found, warnings: [...unknown, ...found.warnings] };
    if (process.stderr.isTTY) {
      printSummary(config, overview);
      return;
    }
    const { warnings, unreadable } = overview;
    for (const warning of warnings) logger.warn(warning);
    for (const line of describeUnusable(unreadable)) logger.warn(line);
    if (found.models.length + unreadable.length === 0) logger.warn({ folder: config.models }, 'there are no models');
  } catch (error) {
    logger.error({ err: error }, 'what there is could not be looked at');
  }
}

function inUse(error: unknown, { host, port: own, ollamaPort }: ServerConfig): unknown {
  const {
    code,
    syscall,
    port = own,
    address,
  } = error as NodeJS.ErrnoException & { readonly port?: number; readonly address?: string };
  if (code === 'ERR_INVALID_FD_TYPE')
    return new CommandError('LISTEN_FDS: a descriptor is not a socket that listens on a port or a path.');
  if (syscall === 'listen' && address?.startsWith('/')) return socketFailure(address, error);
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return error;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new CommandError(`${host} is no name of this machine.`);
  if (code === 'EADDRINUSE')
    return new CommandError(
      `Port ${port} of ${host} is in use. Choose another with ${port === ollamaPort ? 'ollamaPort' : '--port'}.`,
      { ending: 'conflict' },
    );
  if (code === 'EADDRNOTAVAIL') return new CommandError(`${host} is not an address of this machine.`);
  if (code === 'EACCES') return new CommandError(`Listening on port ${port} of ${host} is not permitted.`);
  return error;
}

function socketFailure(path: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return failureAt(path, error);
  return new CommandError(
    `There is something else at ${path}, or another program listens there. Choose another path with --listen, or remove it.`,
    { ending: 'conflict' },
  );
}
