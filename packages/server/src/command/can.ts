import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { addCallerOptions, asCaller, type CallerFlags, connect } from './connection.ts';
import { print, printJson, style } from './print.ts';
import { splitToolName } from './split-tool-name.ts';

interface Flags extends CallerFlags {
  readonly model?: string;
  readonly tool?: string;
  readonly arguments?: string;
  readonly json?: boolean;
}

interface Answer {
  readonly allowed: boolean;
  readonly approval?: boolean;
  readonly message?: string;
}

/** `latchkey can <action>`: exit code 0 for yes, 1 for no. */
export function addCanCommand(program: Command): void {
  addCallerOptions(
    program.command('can <action>').description('ask whether your token allows something, without doing it'),
  )
    .option('--model <key>', 'a model')
    .option('--tool <server.tool>', 'a tool, e.g. mcp/files.read_text_file, or a server, e.g. mcp/files')
    .option('--arguments <json>', 'the arguments of the call')
    .option('--json', 'print JSON')
    .action(async (action: string, flags: Flags) => {
      const response = await connect(asCaller(flags), process.env).request('POST', '/api/v1/can', {
        action,
        ...(flags.model === undefined ? {} : { model: flags.model }),
        ...(flags.tool === undefined ? {} : { tool: readTool(flags.tool, flags.arguments) }),
      });
      const answer = (await response.json()) as Answer;
      if (flags.json) printJson(answer);
      else if (!answer.allowed) print(`${style('red', 'no')}  ${answer.message}`);
      else print(`${style('green', 'yes')}${answer.approval ? ', when a person agrees to the call' : ''}`);
      if (!answer.allowed) process.exitCode = 1;
    });
}

function readTool(text: string, args: string | undefined): object {
  const tool = splitToolName(text);
  return tool.name === undefined || args === undefined ? tool : { ...tool, ...readArguments(args) };
}

function readArguments(json: string): { readonly arguments: unknown } {
  try {
    return { arguments: JSON.parse(json) as unknown };
  } catch (error) {
    throw new CommandError(`--arguments: not valid JSON: ${(error as Error).message}`);
  }
}
