import type { Command } from 'commander';
import { VERSION } from '../config/version.ts';
import { SuggestingCommand } from './did-you-mean.ts';

/** Commands that one module adds to the program. */
interface CommandModule {
  /** The first words of its commands. */
  readonly words: readonly string[];
  /** Loads the module; resolves with what adds its commands. */
  load(): Promise<(program: Command) => void>;
}

/** All commands, in the order of the help. A module is loaded when its command is needed: the server's takes a second. */
const MODULES: readonly CommandModule[] = [
  { words: ['serve'], load: async () => (await import('./serve.ts')).addServeCommand },
  { words: ['service'], load: async () => (await import('./service.ts')).addServiceCommands },
  { words: ['doctor'], load: async () => (await import('./doctor.ts')).addDoctorCommand },
  { words: ['token'], load: async () => (await import('./token/token-commands.ts')).addTokenCommands },
  { words: ['key'], load: async () => (await import('./key.ts')).addKeyCommands },
  { words: ['keys'], load: async () => (await import('./keys.ts')).addKeysCommands },
  { words: ['models'], load: async () => (await import('./models.ts')).addModelsCommand },
  { words: ['ps', 'load', 'unload'], load: async () => (await import('./instances.ts')).addInstanceCommands },
  { words: ['pull', 'rm'], load: async () => (await import('./pull.ts')).addPullCommands },
  { words: ['import'], load: async () => (await import('./import.ts')).addImportCommand },
  { words: ['mcp'], load: async () => (await import('./mcp.ts')).addMcpCommands },
  { words: ['chat'], load: async () => (await import('./chat.ts')).addChatCommand },
  { words: ['console'], load: async () => (await import('./console.ts')).addConsoleCommand },
  { words: ['launch', 'setup'], load: async () => (await import('./launch.ts')).addLaunchCommands },
  { words: ['login'], load: async () => (await import('./login.ts')).addLoginCommand },
  { words: ['logout'], load: async () => (await import('./logout.ts')).addLogoutCommand },
  { words: ['whoami'], load: async () => (await import('./whoami.ts')).addWhoamiCommand },
  { words: ['can'], load: async () => (await import('./can.ts')).addCanCommand },
  { words: ['settings'], load: async () => (await import('./settings.ts')).addSettingsCommands },
  { words: ['lockdown'], load: async () => (await import('./settings.ts')).addLockdownCommand },
  { words: ['usage'], load: async () => (await import('./usage.ts')).addUsageCommand },
  { words: ['response'], load: async () => (await import('./response.ts')).addResponseCommands },
  { words: ['approvals'], load: async () => (await import('./approvals.ts')).addApprovalsCommands },
  { words: ['audit'], load: async () => (await import('./audit.ts')).addAuditCommands },
  { words: ['admin'], load: async () => (await import('./admin.ts')).addAdminCommands },
  { words: ['backup', 'restore'], load: async () => (await import('./backup.ts')).addBackupCommands },
  { words: ['erase'], load: async () => (await import('./erase.ts')).addEraseCommand },
  { words: ['completion'], load: async () => (await import('./completion.ts')).addCompletionCommand },
];

/** For one who asks which version this is. */
const VERSION_FLAGS: ReadonlySet<string> = new Set(['--version', '-V']);

/** The modules that a command line needs; all of them unless its first word is a command that works without the others. */
function modulesFor(word: string): readonly CommandModule[] {
  if (VERSION_FLAGS.has(word)) return [];
  const own = MODULES.filter(({ words }) => words.includes(word));
  // A script for completion has the names of all commands.
  return own.length === 0 || word === 'completion' ? MODULES : own;
}

/**
 * Creates the program.
 *
 * @param word only the commands that a command line with this first word needs; all of them when it is absent. Such a
 *   program throws `MissingCommands` when it cannot tell what a mistyped word was meant as.
 */
export async function createProgram(word?: string): Promise<SuggestingCommand> {
  const modules = word === undefined ? MODULES : modulesFor(word);
  const program = new SuggestingCommand('latchkey')
    .description('A server for language models on your own hardware, with a lock on every door')
    .version(VERSION);
  program.isWhole = modules.length === MODULES.length;
  for (const add of await Promise.all(modules.map(({ load }) => load()))) add(program);
  return program;
}
