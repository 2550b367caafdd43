import type { Command } from 'commander';
import { type ConfigSources, findConfigFile, loadConfig } from '../config/load-config.ts';
import type { ServerConfig } from '../config/schema.ts';
import { findVariables } from '../config/variables.ts';
import { createServer, type Server } from '../create-server.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { CommandError } from './command-error.ts';
import { print, remark } from './print.ts';
import { summarize } from './start-summary.ts';

interface Flags {
  readonly port?: string;
  readonly host?: string;
  readonly data?: string;
  readonly models?: string;
  readonly mcp?: string;
  readonly config?: string;
  readonly auth: boolean;
  readonly allowUnauthenticatedNetwork?: boolean;
}

/** `latchkey serve`. Standard output gets one line, when the server is ready; the log goes to standard error. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run the server')
    .option('--port <port>', 'the port to listen on (default: 1234)')
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1)')
    .option('--data <dir>', 'tokens, conversations and keys (default: ~/.latchkey)')
    .option('--models <dir>', 'models as <publisher>/<name>.gguf (default: DATA/models)')
    .option('--mcp <file>', 'the mcp.json (default: DATA/mcp.json)')
    .option('--config <file>', 'settings (default: DATA/config.json)')
    .option('--no-auth', 'let everybody on this machine in; MCP tools and administration are off then')
    .option('--allow-unauthenticated-network', 'accept --no-auth on an address that others reach')
    .action(serve);
}

async function serve(flags: Flags): Promise<void> {
  const sources: ConfigSources = {
    environment: process.env,
    flags: {
      port: flags.port === undefined || !/^\d+$/.test(flags.port) ? flags.port : Number(flags.port),
      host: flags.host,
      data: flags.data,
      models: flags.models,
      mcp: flags.mcp,
      auth: flags.auth ? undefined : false,
      allowUnauthenticatedNetwork: flags.allowUnauthenticatedNetwork,
    },
    ...(flags.config === undefined ? {} : { file: flags.config }),
  };
  const config = loadConfig(sources);
  const logger = createLogger(config.log);
  const configFile = findConfigFile(sources);
  // A fault of one request, or of a library in the background, must not end the others; Node would end the process.
  process.on('unhandledRejection', (reason) => {
    logger.error({ err: reason }, 'a failure that nothing waited for; the server goes on');
  });
  const server = await createServer(config, { logger, configFile }).catch((error: unknown) => {
    throw inUse(error, config.host, config.port);
  });
  if (!config.auth) logger.warn('authentication is off: everybody who reaches this address may use the models');
  print(`latchkey listening on ${server.url}`);
  void tellOverview(server, config, logger);

  const stop = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'stopping; a second signal stops at once');
    process.once('SIGINT', () => process.exit(130));
    process.once('SIGTERM', () => process.exit(143));
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  // On a terminal this signal says that the terminal has gone.
  if (!process.stdin.isTTY) {
    process.on('SIGHUP', () => {
      logger.info('reading mcp.json again');
      void server.reload();
    });
  }
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      if (stopping) return;
      stopping = true;
      stop(signal);
    });
  }
}

/** At a terminal everything there is to know; in a log only what is not as it should be. */
async function tellOverview(server: Server, config: ServerConfig, logger: Logger): Promise<void> {
  const unknown = findVariables(process.env).unknown.map(
    (name) => `there is no variable ${name}; see docs/configuration.md`,
  );
  try {
    const found = await server.overview();
    const overview = { ...found, warnings: [...unknown, ...found.warnings] };
    if (process.stderr.isTTY) {
      for (const line of summarize(config, overview)) remark(`  ${line}`);
      return;
    }
    const { warnings, unreadable } = overview;
    for (const warning of warnings) logger.warn(warning);
    for (const { key, reason } of unreadable) logger.warn({ model: key, reason }, 'a model file cannot be used');
    if (found.models.length === 0) logger.warn({ folder: config.models }, 'there are no models');
  } catch (error) {
    logger.error({ err: error }, 'what there is could not be looked at');
  }
}

function inUse(error: unknown, host: string, port: number): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return error;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new CommandError(`${host} is no name of this machine.`);
  if (code === 'EADDRINUSE')
    return new CommandError(`Port ${port} of ${host} is in use. Choose another with --port.`, { ending: 'conflict' });
  if (code === 'EADDRNOTAVAIL') return new CommandError(`${host} is no address of this machine.`);
  if (code === 'EACCES') return new CommandError(`Listening on port ${port} of ${host} is not permitted.`);
  return error;
}
