import { Argument, type Command } from 'commander';
import { printProse } from './print.ts';

/** A command, and what can follow it. */
interface CompletedCommand {
  /** Its words after the name of the program, each after a slash: `/token/create`; empty for the program. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly description: string }[];
}

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const SOURCES: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = { bash, zsh, fish };

/** `latchkey completion bash|zsh|fish`. The scripts hold the names of this version; they ask no server. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script with which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'the shell').choices([...SHELLS]))
    .action((shell: Shell) => printProse(SOURCES[shell](collect(program, ''))))
    .addHelpText(
      'after',
      `
Examples:
  latchkey completion bash > ~/.local/share/bash-completion/completions/latchkey
  latchkey completion zsh > "\${fpath[1]}/_latchkey"
  latchkey completion fish > ~/.config/fish/completions/latchkey.fish`,
    );
}

function collect(command: Command, path: string): readonly CompletedCommand[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const words = [
    ...commands.map((child) => ({ word: child.name(), description: help.subcommandDescription(child) })),
    ...help.visibleOptions(command).flatMap(({ long, description }) => (long ? [{ word: long, description }] : [])),
  ];
  const below = commands.filter((child) => child.name() !== 'help');
  return [{ path, words }, ...below.flatMap((child) => collect(child, `${path}/${child.name()}`))];
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const namesOf = ({ words }: CompletedCommand): string => words.map(({ word }) => word).join(' ');
const pathsOf = (commands: readonly CompletedCommand[]): readonly string[] =>
  commands.map(({ path }) => path).filter((path) => path !== '');

function bash(commands: readonly CompletedCommand[]): string {
  return `# bash completion for latchkey
_latchkey() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path/$word" in
      ${pathsOf(commands).join('|')}) path="$path/$word" ;;
    esac
  done
  case "$path" in
${commands.map((command) => `    ${quoted(command.path)}) words=${quoted(namesOf(command))} ;;`).join('\n')}
  esac
  COMPREPLY=()
  # A word that is neither a command nor an option is completed as a file.
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _latchkey latchkey
`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const described = ({ words }: CompletedCommand): string =>
    words.map(({ word, description }) => quoted(`${word}:${description.replaceAll(':', '\\:')}`)).join(' ');
  return `#compdef latchkey
_latchkey() {
  local at='' word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at/$word" in
      ${pathsOf(commands).join('|')}) at="$at/$word" ;;
    esac
  done
  case "$at" in
${commands.map((command) => `    ${quoted(command.path)}) found=(${described(command)}) ;;`).join('\n')}
  esac
  _describe -t commands 'latchkey' found || _files
}
if [ "$funcstack[1]" = _latchkey ]; then _latchkey "$@"; else compdef _latchkey latchkey; fi
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const escaped = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap(({ path, words }) =>
    words.map(({ word, description }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c latchkey -f -n "__latchkey_at '${path}'" ${what} -d ${escaped(description)}`;
    }),
  );
  return `# fish completion for latchkey
function __latchkey_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at/$word"
            case ${pathsOf(commands).join(' ')}
                set at "$at/$word"
        end
    end
    test "$at" = "$argv[1]"
end
${lines.join('\n')}
`;
}
