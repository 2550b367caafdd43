import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from './json.ts';
import { callsFunction, says } from './misbehaving-upstream.ts';

/** A model that has one command of the shell run, whatever its agent calls the tool for that, and reports it. */
export interface AgentModel extends AsyncDisposable {
  readonly url: string;
  /** The bodies of the requests. */
  readonly asked: readonly Json[];
  /** What it has run by the next agent. */
  command: string;
}

/** The names that agents give to the tool that runs a command. */
const SHELLS = /^(bash|shell|run_shell_command|exec_command)$/i;

export async function startAgentModel(): Promise<AgentModel> {
  const asked: Json[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const body: Json = JSON.parse(text || '{}');
    asked.push(body);
    const shell = (body.tools ?? []).find(({ function: { name } }: Json) => SHELLS.test(name))?.function;
    const hasResult = (body.messages ?? []).some(({ role }: Json) => role === 'tool');
    // Agents ask for titles and summaries, too, without tools.
    if (shell === undefined) await says('A note')(response);
    else if (hasResult) await says('The note is written.')(response);
    else await callsFunction(shell.name, argumentsOf(shell, model.command))(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const model: AgentModel = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    command: 'true',
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return model;
}

/** Every argument that the tool requires. */
function argumentsOf({ parameters: { required = [], properties = {} } }: Json, command: string): Json {
  const argumentOf = (name: string): unknown => {
    if (name === 'command' || name === 'cmd') return command;
    if (properties[name]?.type === 'boolean') return false;
    if (properties[name]?.type === 'string') return 'Writes a note';
    return 1000;
  };
  return Object.fromEntries(required.map((name: string) => [name, argumentOf(name)]));
}
