import type { Command } from 'commander';
import { addCallerOptions, asCaller, type CallerFlags, connect } from './connection.ts';
import { print, printJson, printTable, remark, style, toJson } from './print.ts';

interface Flags extends CallerFlags {
  readonly json?: boolean;
  readonly token?: string;
}

interface Head {
  readonly id: string;
  readonly model: string;
  readonly state: string;
  readonly created_at: string;
  /** Null for one that is kept as long as the one that goes on from it. */
  readonly expires_at: string | null;
  readonly previous_response_id: string | null;
}

interface Message {
  readonly role: string;
  readonly content: string | readonly { readonly type: string; readonly text?: string }[];
  readonly tool_calls?: readonly { readonly name: string; readonly arguments: unknown }[];
}

const PATH = '/api/v1/responses';

/** `latchkey response list|show|delete`. */
export function addResponseCommands(program: Command): void {
  const response = program.command('response').description('what is stored of your chats: see it, delete it');

  withFlags(response.command('list').description('the newest first'))
    .option('--limit <count>', 'so many', '20')
    .option('--before <id>', 'those that are older than this one')
    .option('--token <id>', "of a root token that you administer; without this, your own token's")
    .action(async (flags: Flags & { limit: string; before?: string }) => {
      const query = new URLSearchParams({ limit: flags.limit });
      if (flags.before !== undefined) query.set('before', flags.before);
      if (flags.token !== undefined) query.set('token', flags.token);
      const answer = await connect(asCaller(flags), process.env).request('GET', `${PATH}?${query}`);
      const body = (await answer.json()) as { readonly responses: readonly Head[]; readonly next: string | null };
      if (flags.json) return printJson(body);
      printTable(
        ['RESPONSE', 'CREATED', 'EXPIRES', 'STATE', 'MODEL', 'GOES ON FROM'],
        body.responses.map((head) => [
          head.id,
          head.created_at,
          head.expires_at ?? 'with the newer one',
          head.state,
          head.model,
          head.previous_response_id ?? '-',
        ]),
      );
      if (body.next !== null) remark(`There are older ones: --before ${body.next}`);
    });

  withFlags(response.command('show <id>').description('what was said and called')).action(
    async (id: string, flags: Flags) => {
      const answer = await connect(asCaller(flags), process.env).request('GET', `${PATH}/${encodeURIComponent(id)}`);
      const body = (await answer.json()) as Head & { readonly messages: readonly Message[] };
      if (flags.json) return printJson(body);
      const end = body.expires_at === null ? 'kept with the newer one' : `expires ${body.expires_at}`;
      print(`${style('bold', body.id)}  ${body.model}, ${body.state}, ${body.created_at}, ${end}`);
      for (const { role, content, tool_calls: calls = [] } of body.messages) {
        const text =
          typeof content === 'string' ? content : content.map((part) => part.text ?? `[${part.type}]`).join('');
        // The other lines are moved in, so that none of them looks like another message.
        const [first = '', ...others] = text.split(/\r?\n/);
        if (text !== '') print(`${style('dim', `${role}:`)} ${first}`);
        for (const line of others) print(`  ${line}`);
        for (const call of calls) print(`${style('dim', `${role}:`)} ${call.name} ${toJson(call.arguments)}`);
      }
    },
  );

  withFlags(response.command('delete <id>').description('delete it, and all that goes on from it'))
    .option('--token <id>', 'it belongs to this root token, which you administer')
    .action(async (id: string, flags: Flags) => {
      const query = flags.token === undefined ? '' : `?${new URLSearchParams({ token: flags.token })}`;
      const path = `${PATH}/${encodeURIComponent(id)}${query}`;
      const answer = await connect(asCaller(flags), process.env).request('DELETE', path);
      const body = (await answer.json()) as { readonly deleted: number };
      if (flags.json) return printJson(body);
      print(body.deleted === 1 ? `Deleted ${id}.` : `Deleted ${id} and ${body.deleted - 1} that went on from it.`);
    });
}

const withFlags = (command: Command): Command => addCallerOptions(command).option('--json', 'print JSON');
