import type { Command } from 'commander';
import { configSchema } from '../config/schema.ts';
import { type InstallationSettings, settingsChangeSchema } from '../settings/installation-settings.ts';
import { validateBody } from '../wire/validate-body.ts';
import { findClosedFolder, makeClosedFolder } from './closed-folder.ts';
import { CommandError } from './command-error.ts';
import { addStoreOptions, type ConnectionFlags, connect } from './connection.ts';
import { print, printJson, remark } from './print.ts';

interface Flags extends ConnectionFlags {
  readonly json?: boolean;
}

/** The operations behind the commands, over HTTP or on the database itself. */
interface SettingsAdministration {
  read(): Promise<InstallationSettings>;
  change(change: unknown): Promise<InstallationSettings>;
}

/** `latchkey settings get|set`. */
export function addSettingsCommands(program: Command): void {
  const settings = program.command('settings').description('what counts for the whole installation, while it runs');

  common(settings.command('get [key]').description('show the settings, or one of them')).action(
    async (key: string | undefined, flags: Flags) => {
      const all = await withSettings(flags, (administration) => administration.read());
      const shown = key === undefined ? all : pick(all, key);
      if (flags.json) printJson(shown);
      else if (typeof shown === 'object' && shown !== null) show(flatten(shown, key));
      else print(String(shown));
    },
  );

  common(
    settings
      .command('set <key=value...>')
      .description('change settings, e.g. tokenKinds.legacy=false personalAccessTokenTtl=30d; it counts at once'),
  ).action(async (assignments: readonly string[], flags: Flags) => {
    const change = readAssignments(assignments);
    makeClosedFolder(flags);
    const all = await withSettings(flags, (administration) => administration.change(change));
    if (flags.json) return printJson(all);
    show(flatten(all).filter(([name]) => assignments.some((assignment) => assignment.startsWith(`${name}=`))));
    remark('This counts at once, and within a second on other servers of the same database.');
  });
}

/** `latchkey lockdown`: stops everything at once while a problem is being investigated. */
export function addLockdownCommand(program: Command): void {
  common(
    program
      .command('lockdown')
      .description('deny every token but that of the administrator, at once, also what runs; --off ends it')
      .option('--off', 'end it'),
  ).action(async ({ off = false, ...flags }: Flags & { readonly off?: boolean }) => {
    const { lockdown } = await withSettings(flags, (administration) => administration.change({ lockdown: !off }));
    if (flags.json) printJson({ lockdown });
    else print(lockdown ? 'Locked down: only tokens that may do everything get in.' : 'Unlocked: tokens work again.');
  });
}

const common = (command: Command): Command => addStoreOptions(command).option('--json', 'print JSON');

/**
 * Runs `use` on a running server, or, with `--data` and no server on that folder, on the database itself. This lets an
 * operator in again after switching off the kind of their own token.
 */
async function withSettings<T>(flags: Flags, use: (settings: SettingsAdministration) => Promise<T>): Promise<T> {
  await using opened = new AsyncDisposableStack();
  const data = await findClosedFolder(flags, opened);
  if (data === undefined) {
    const api = connect(flags, process.env);
    const json = async (method: string, body?: unknown): Promise<InstallationSettings> =>
      (await api.request(method, '/api/v1/settings', body)).json() as Promise<InstallationSettings>;
    return use({ read: () => json('GET'), change: (change) => json('PATCH', change) });
  }
  const { openInstallation } = await import('./open-installation.ts');
  const { settings } = await openInstallation({ data, environment: process.env }, opened);
  return await use({
    read: settings.fresh,
    change: (change) =>
      settings.change(validateBody(settingsChangeSchema, change), { id: 'local:operator', name: 'operator' }),
  });
}

/** Parses `a=true b.c=30d` to `{ a: true, b: { c: '30d' } }`. The server validates the values. */
export function readAssignments(assignments: readonly string[]): Record<string, unknown> {
  const change: Record<string, unknown> = {};
  const kinds: Record<string, unknown> = {};
  for (const assignment of assignments) {
    const [, key, text] = /^([^=]+)=(.*)$/s.exec(assignment) ?? [];
    if (key === undefined || text === undefined) {
      throw new CommandError(`'${assignment}' sets nothing. Write key=value, e.g. tokenKinds.legacy=false.`);
    }
    if (Object.hasOwn(configSchema.shape, key.split('.', 1)[0] ?? '')) {
      throw new CommandError(
        `'${key}' is a key of the configuration: write it into config.json and start the server again. Settings count while it runs.`,
      );
    }
    const value = readValue(text);
    if (key.startsWith(KINDS)) kinds[key.slice(KINDS.length)] = value;
    else change[key] = value;
  }
  return Object.keys(kinds).length === 0 ? change : { ...change, tokenKinds: kinds };
}

const KINDS = 'tokenKinds.';

function readValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}

type Values = readonly (readonly [name: string, value: unknown])[];

function flatten(settings: object, prefix?: string): Values {
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]): Values => {
    const path = prefix === undefined ? name : `${prefix}.${name}`;
    return typeof value === 'object' && value !== null ? flatten(value, path) : [[path, value]];
  });
}

/** The value of a key such as `accessTokenTtl` or `tokenKinds.legacy`. */
function pick(settings: InstallationSettings, key: string): unknown {
  const found = key
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? Reflect.get(value, name)
          : undefined,
      settings,
    );
  if (found !== undefined) return found;
  const names = flatten(settings).map(([name]) => name);
  throw new CommandError(`There is no setting '${key}'. There are ${names.join(', ')}.`);
}

function show(values: Values): void {
  const width = Math.max(0, ...values.map(([name]) => name.length));
  for (const [name, value] of values) print(`${name.padEnd(width)}  ${String(value)}`);
}
