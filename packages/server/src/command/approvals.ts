import type { ApprovalAnswer, ApprovalReason, ShownApproval } from '@latchkey/client';
import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { addCallerOptions, asCaller, type CallerFlags, connect } from './connection.ts';
import { APPROVALS_PATH, followApprovals } from './follow-approvals.ts';
import { print, printJson, printJsonLine, remark, style, toJson } from './print.ts';

interface Flags extends CallerFlags {
  readonly json?: boolean;
}

/** `latchkey approvals [list] [--watch]`, `latchkey approvals approve|deny <id>`. */
export function addApprovalsCommands(program: Command): void {
  const approvals = program.command('approvals').description('tool calls that wait for a person: see them, decide');
  withFlags(approvals)
    .option('--watch', 'go on and show what comes, until Ctrl+C, also when the server is started again')
    .action((flags: Flags & { watch?: boolean }) => (flags.watch ? watch(flags) : list(flags)));

  withFlags(approvals.command('list').description('what approvals does by itself: list those that wait')).action(
    (_: unknown, command: Command) => list(command.optsWithGlobals<Flags>()),
  );

  withFlags(approvals.command('approve <id>').description('let the call be made'))
    .option('--arguments <json>', 'with these arguments in place of its own')
    .action(async (id: string, _: unknown, command: Command) => {
      // Commander stores the options that this command shares with its parent in the parent.
      const flags = command.optsWithGlobals<Flags & { arguments?: string }>();
      const args = flags.arguments === undefined ? {} : { arguments: readArguments(flags.arguments) };
      await answer(id, { decision: 'approve', ...args }, flags);
    });

  withFlags(approvals.command('deny <id>').description('refuse the call; the model reads the refusal')).action(
    (id: string, _: unknown, command: Command) => answer(id, { decision: 'deny' }, command.optsWithGlobals<Flags>()),
  );
}

const withFlags = (command: Command): Command => addCallerOptions(command).option('--json', 'print JSON');

async function list(flags: Flags): Promise<void> {
  const response = await connect(asCaller(flags), process.env).request('GET', APPROVALS_PATH);
  const { approvals } = (await response.json()) as { approvals: readonly ShownApproval[] };
  if (flags.json) return printJson(approvals);
  if (approvals.length === 0) remark('No tool call waits for your approval.');
  for (const [, [first, ...others]] of Map.groupBy(approvals, ({ rootId }) => rootId)) {
    if (first === undefined) continue;
    if (others.length > 0) print(style('dim', `${first.token.name}: ${others.length + 1} calls wait`));
    for (const approval of [first, ...others]) show(approval);
  }
}

async function watch(flags: Flags): Promise<void> {
  for await (const event of followApprovals(asCaller(flags), process.env)) {
    if (flags.json) printJsonLine(event);
    else if (event.type === 'approval.requested') show(event.approval);
    else print(style('dim', `${event.id}  ${event.outcome}`));
  }
}

async function answer(id: string, body: ApprovalAnswer, flags: Flags): Promise<void> {
  const path = `${APPROVALS_PATH}/${encodeURIComponent(id)}`;
  const decided = (await (
    await connect(asCaller(flags), process.env).request('POST', path, body)
  ).json()) as ShownApproval;
  if (flags.json) return printJson(decided);
  print(`${body.decision === 'approve' ? 'Approved' : 'Denied'}: ${`${decided.server} ${decided.tool}`}`);
  if (decided.caller === 'away') remark('Its caller is away: this counts when it comes back for the call.');
}

/** Prints a pending call. The arguments come from a model, so they must not move the cursor. */
function show({ id, server, tool, arguments: args, token, project, reasons, expiresAt, caller }: ShownApproval): void {
  const who = project === null ? token.name : `${token.name}, project ${project}`;
  print(
    `${style('bold', id)}  ${`${server} ${tool}`}  for ${who}, until ${expiresAt}${caller === 'away' ? ', caller away' : ''}`,
  );
  print(`  ${toJson(args)}`);
  // A server of an earlier version gives none.
  if (reasons?.length > 0) print(style('dim', `  because ${reasons.map(describeReason).join(', and ')}`));
}

function describeReason(reason: ApprovalReason): string {
  switch (reason.type) {
    case 'grant':
      return `the grant of ${reason.source} asks for it`;
    case 'caller':
      return 'the request itself asks for it';
    case 'taint':
      return `${reason.content} is untrusted, and this tool is labelled ${reason.label}`;
  }
}

function readArguments(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Reported below.
  }
  throw new CommandError('--arguments takes a JSON object, e.g. \'{"path": "notes.txt"}\'.');
}
