import type { Command } from 'commander';
import { AgentToken } from './agents/agent-token.ts';
import { AGENTS } from './agents/agents.ts';
import { inheritedVariables } from './agents/inherited-variables.ts';
import {
  type AgentFlags,
  type AgentPlan,
  findAgent,
  mintToken,
  planAgent,
  revokeTokens,
} from './agents/prepare-agent.ts';
import { AgentSignals, exitCodeOf } from './agents/run-agent.ts';
import { CommandError } from './command-error.ts';
import { addConnectionOptions, findConnection } from './connection.ts';
import { print, printJson, remark } from './print.ts';
import { withTokenAdministration } from './token/administer-tokens.ts';

interface LaunchFlags extends AgentFlags {
  readonly dryRun?: boolean;
}

interface SetupFlags extends LaunchFlags {
  readonly undo?: boolean;
}

const NAMES = AGENTS.map(({ name }) => name).join(', ');

/** `latchkey launch` and `latchkey setup`: an agent with a token that was made for it alone. */
export function addLaunchCommands(program: Command): void {
  addAgentOptions(program.command('launch <agent> [arguments...]'), '8h')
    .description('start an agent with a token of its own, which is revoked when the agent ends')
    .addHelpText(
      'after',
      `\nAgents: ${NAMES}\n\nExample:\n  latchkey launch claude-code --model qwen/qwen3-8b\n  latchkey launch codex -- exec 'Write the tests.'`,
    )
    .action(launch);
  addAgentOptions(program.command('setup <client>'), '90d')
    .description('print the variables or the settings that point a client here, with a token of its own')
    .option('--undo', 'revoke the tokens that were made for this client')
    .addHelpText('after', `\nClients: ${NAMES}\n\nExample:\n  eval "$(latchkey setup openai)"`)
    .action(setup);
}

const addAgentOptions = (command: Command, expires: string): Command =>
  addConnectionOptions(command)
    .option('--model <key>', 'the model that it uses (default: the only one)')
    .option('--tokens-per-day <number>', 'how many tokens it may use')
    .option('--expires <when>', 'until when its token works', expires)
    .option('--grant <json|@file>', 'what its token may do, in place of chatting with this model')
    .option('--dry-run', 'show what would be done, and make no token');

async function setup(name: string, flags: SetupFlags): Promise<void> {
  const agent = findAgent(name);
  if (flags.undo) {
    const count = await revokeTokens(agent, flags);
    remark(`${count} token(s) of ${agent.title} revoked.`);
    return;
  }
  const plan = await planAgent(agent, flags);
  if (flags.dryRun) return showPlan(plan);
  using signals = new AgentSignals(false);
  const { id, token } = await mintToken(plan, flags);
  if (signals.end !== undefined) {
    // Its text was shown to nothing yet.
    await withTokenAdministration(flags, process.env, (tokens) => tokens.revoke(id));
    process.exitCode = exitCodeOf(signals.end);
    return;
  }
  const target = { ...plan.target, token };
  const settings = agent.settings?.(target);
  if (settings === undefined) {
    for (const [variable, value] of Object.entries(agent.environment(target))) {
      print(`export ${variable}=${quote(value)}`);
    }
  } else {
    remark(`These are settings for ${agent.title}: ${settings.place}.`);
    for (const line of settings.text.split('\n')) print(line);
    if (settings.key !== undefined) remark(`The key: ${settings.key}.`);
  }
  remark(`The token (${id}) works until ${plan.expiresAt}; 'latchkey setup ${name} --undo' revokes it.`);
}

async function launch(name: string, own: readonly string[], flags: LaunchFlags): Promise<void> {
  const agent = findAgent(name);
  const plan = await planAgent(agent, flags);
  if (flags.dryRun) return showPlan(plan);
  const program = agent.program ?? own[0];
  if (program === undefined) {
    throw new CommandError(
      agent.settings === undefined
        ? `${agent.title} have no program of their own: latchkey launch ${name} -- PROGRAM [ARGUMENTS].`
        : `${agent.title} has settings of its own: 'latchkey setup ${name}' prints them.`,
    );
  }
  using signals = new AgentSignals(process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
  const token = await AgentToken.make(plan, (act) => withTokenAdministration(flags, process.env, act));
  // The token ends first: an agent that must end may take its time.
  void signals.told.then(() => token.end()).catch(() => {});
  try {
    if (signals.end === undefined) {
      const target = { ...plan.target, token: token.text };
      const inherited = inheritedVariables(process.env, findConnection(flags, process.env).token, agent.without);
      process.exitCode = await signals.run({
        title: agent.title,
        program,
        args: [...(agent.args?.(target) ?? []), ...(agent.program === undefined ? own.slice(1) : own)],
        environment: { ...inherited, ...agent.environment(target) },
      });
    }
  } finally {
    await token.end().catch((error: unknown) => {
      throw notRevoked(token.id, plan.expiresAt, error);
    });
    if (signals.end !== undefined) process.exitCode = exitCodeOf(signals.end);
  }
}

function notRevoked(id: string, expiresAt: string, cause: unknown): CommandError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CommandError(
    `The token of the agent (${id}) could not be revoked, and works for half an hour at most, and not after ${expiresAt}: ` +
      `'latchkey token revoke ${id}' ends it. ${why}`,
    { ending: 'unreachable', cause },
  );
}

/** What would be made: the token itself is not shown, since there is none. */
function showPlan({ agent, target, grant, expiresAt }: AgentPlan): void {
  const shown = { ...target, token: 'TOKEN' };
  printJson({
    agent: agent.name,
    ...(agent.program === undefined ? {} : { command: [agent.program, ...(agent.args?.(shown) ?? [])] }),
    environment: agent.environment(shown),
    ...(agent.settings === undefined ? {} : { settings: agent.settings(shown) }),
    token: { grant, expires_at: expiresAt },
  });
}

/** A value as a POSIX shell reads it. */
const quote = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;
