import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { defaultDataFolder } from '../config/own-home.ts';
import { failureAt } from '../config/path-failure.ts';
import { CommandError } from './command-error.ts';
import { print, remark } from './print.ts';
import { formatUnit, MARK } from './service-unit.ts';

interface Flags {
  readonly data?: string;
  readonly runAs?: string;
  readonly print?: boolean;
}

const SYSTEM_DATA = '/var/lib/latchkey';

/** `latchkey service`. */
export function addServiceCommands(program: Command): void {
  const service = program.command('service').description('run the server as a service of systemd');
  service
    .command('install')
    .description('write a hardened unit for systemd: of the whole system as root, else of this user')
    .option('--data <dir>', `the data folder (default: ~/.latchkey; as root: ${SYSTEM_DATA})`)
    .option('--run-as <user>', 'as root: the user that the server runs as; not root')
    .option('--print', 'print the unit, and change nothing')
    .addHelpText('after', '\nExample:\n  latchkey service install')
    .action(install);
  service.command('remove').description('stop the service and remove its unit; the data folder stays').action(remove);
}

const isRoot = (): boolean => process.getuid?.() === 0;

const unitPath = (): string =>
  isRoot()
    ? '/etc/systemd/system/latchkey.service'
    : join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'systemd', 'user', 'latchkey.service');

function install({ runAs, ...flags }: Flags): void {
  const data = resolve(flags.data ?? (isRoot() ? SYSTEM_DATA : defaultDataFolder()));
  if (isRoot() && !isOrdinaryUser(runAs)) throw noUser(data);
  if (!isRoot() && runAs !== undefined) throw new CommandError('--run-as is for root; a unit of this user runs as it.');
  const [, program = ''] = process.argv;
  const unit = formatUnit({
    command: [process.execPath, resolve(program), 'serve', '--data', data],
    data,
    ...(runAs === undefined ? {} : { runAs }),
  });
  if (flags.print) {
    for (const line of unit.trimEnd().split('\n')) print(line);
    return;
  }
  const path = unitPath();
  requireOurs(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, unit, { mode: 0o644 });
  } catch (error) {
    throw failureAt(path, error);
  }
  print(path);
  const systemctl = isRoot() ? 'systemctl' : 'systemctl --user';
  remark(`Start it, now and after each boot: ${systemctl} daemon-reload && ${systemctl} enable --now latchkey`);
  if (!isRoot()) remark('To have it run while you are not logged in: loginctl enable-linger');
}

function remove(): void {
  const path = unitPath();
  if (!existsSync(path)) throw new CommandError(`There is no unit ${path}.`, { ending: 'missing' });
  requireOurs(path);
  const scope = isRoot() ? [] : ['--user'];
  try {
    execFileSync('systemctl', [...scope, 'disable', '--now', 'latchkey'], { stdio: 'ignore' });
  } catch {
    remark('systemctl could not stop it: where systemd does not run, nothing has started it.');
  }
  try {
    rmSync(path);
  } catch (error) {
    throw failureAt(path, error);
  }
  print(`${path} is removed. The data folder stays.`);
}

/** A unit of the operator's own is not replaced. */
function requireOurs(path: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8').startsWith(MARK)) return;
  throw new CommandError(`${path} was not written by this command. Move it away first.`, { ending: 'conflict' });
}

const isOrdinaryUser = (name: string | undefined): name is string =>
  name !== undefined && name !== 'root' && name !== 'nobody' && /^[a-z_][a-z0-9_-]{0,31}$/.test(name);

const noUser = (data: string): CommandError =>
  new CommandError(
    'The server does not run as root: name its user with --run-as. One is made by: ' +
      `useradd --system --home-dir ${data} --create-home --shell /usr/sbin/nologin latchkey && chmod 700 ${data}`,
  );
