import type { RotateInput } from '@latchkey/auth-core';
import type { EditInput, Grant } from '@latchkey/auth-core/llm';
import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { editJson } from '../edit-text.ts';
import { parseDuration } from '../parse-duration.ts';
import { printJson } from '../print.ts';
import { readGrant } from '../read-grant.ts';
import { withTokenAdministration } from './administer-tokens.ts';
import { findTokenId } from './find-token.ts';
import { parseGrant } from './grant-flags.ts';
import { confirmLastAdministrator } from './last-administrator.ts';
import { printNewToken, printTokenInfo, warnOfGrant } from './print-token.ts';
import type { TokenAdministration } from './token-administration.ts';
import { addStoredTokenOptions, GRANT, readEnd, type StoredTokenFlags } from './token-options.ts';

interface EditFlags extends StoredTokenFlags {
  readonly name?: string;
  readonly grant?: string;
  readonly expires?: string;
  readonly notes?: string;
  readonly rotateAfter?: string;
  readonly edit?: boolean;
  readonly yes?: boolean;
}

interface RotateFlags extends StoredTokenFlags {
  readonly overlap?: string;
}

/** `latchkey token show`. */
export function addShowCommand(token: Command): void {
  const command = token
    .command('show <token>')
    .description('show what is known of a token, by its id or its name; a legacy token itself, too, to its owner')
    .action(async (id: string, flags: StoredTokenFlags) => {
      const shown = await withTokenAdministration(flags, process.env, async (tokens) =>
        tokens.show(await findTokenId(tokens, id)),
      );
      if (flags.json) printJson(shown);
      else printTokenInfo(shown);
    });
  addStoredTokenOptions(command, 'latchkey token show aB3dE5gH');
}

/** `latchkey token edit`. */
export function addEditCommand(token: Command): void {
  const command = token
    .command('edit <token>')
    .description('change a token, by its id or its name; it counts at once')
    .option('--name <name>', 'a new name')
    .option(GRANT, 'a new grant in place of the old one')
    .option('--expires <when>', "a duration from now or a time, e.g. 90d, or 'never'")
    .option('--notes <text>', "new notes; '' for none")
    .option('--rotate-after <duration>', "when to be reminded of a new secret, or 'default'")
    .option('--edit', 'change the grant in an editor')
    .option('--yes', 'do not ask, where the last administrator would lose its rights')
    .action(async (id: string, flags: EditFlags) => {
      const given = readChanges(flags);
      const edited = await withTokenAdministration(flags, process.env, async (tokens) => {
        const found = await findTokenId(tokens, id);
        const changes = flags.edit === true ? { ...given, grant: await editGrant(tokens, found) } : given;
        if (endsAdministration(changes)) await confirmLastAdministrator(tokens, [found], flags);
        return tokens.edit(found, changes);
      });
      if (flags.json) return printJson(edited);
      printTokenInfo(edited);
      warnOfGrant(edited);
    });
  addStoredTokenOptions(command, 'latchkey token edit aB3dE5gH --expires 30d');
}

/**
 * Whether the change may end an administrator's token: a new end may be close, and a grant without `*` may not
 * administer.
 */
function endsAdministration({ grant, expiresAt }: EditInput): boolean {
  const { actions } = (grant ?? { actions: ['*'] }) as { readonly actions?: unknown };
  return !Array.isArray(actions) || !actions.includes('*') || typeof expiresAt === 'string';
}

async function editGrant(tokens: TokenAdministration, id: string): Promise<Grant> {
  const { grant } = await tokens.show(id);
  const edited = await editJson(grant, 'grant', parseGrant);
  if (JSON.stringify(edited) !== JSON.stringify(grant)) return edited;
  throw new CommandError('Nothing was changed.', { ending: 'failed', code: 'not_agreed' });
}

function readChanges({ name, grant, expires, notes, rotateAfter, edit }: EditFlags): EditInput {
  const changes: EditInput = {
    ...(name === undefined ? {} : { name }),
    ...(grant === undefined ? {} : { grant: readGrant(grant) }),
    ...(expires === undefined ? {} : { expiresAt: expires === 'never' ? null : readEnd(expires, new Date()) }),
    ...(notes === undefined ? {} : { notes: notes === '' ? null : notes }),
    ...(rotateAfter === undefined
      ? {}
      : { rotateAfterSeconds: rotateAfter === 'default' ? null : parseDuration(rotateAfter) / 1000 }),
  };
  if (edit === true && grant !== undefined)
    throw new CommandError('--edit and --grant both say what the grant is: give one.');
  if (Object.keys(changes).length > 0 || edit === true) return changes;
  throw new CommandError('Nothing to change: give --name, --grant, --edit, --expires, --notes or --rotate-after.');
}

/** `latchkey token rotate`. */
export function addRotateCommand(token: Command): void {
  const command = token
    .command('rotate <token>')
    .description('give a token, by its id or its name, a new secret; it keeps its id and what it may do')
    .option('--overlap <duration>', "how long the old secret still works, or 'until-first-use' (default: not at all)")
    .action(async (id: string, flags: RotateFlags) => {
      const input = readOverlap(flags.overlap);
      const rotated = await withTokenAdministration(flags, process.env, async (tokens) =>
        tokens.rotate(await findTokenId(tokens, id), input),
      );
      if (flags.json) return printJson(rotated);
      printNewToken(rotated, 'New secret of token');
      warnOfGrant(rotated);
    });
  addStoredTokenOptions(command, 'latchkey token rotate aB3dE5gH --overlap 1h');
}

function readOverlap(text: string | undefined): RotateInput {
  if (text === undefined) return {};
  return { overlap: text === 'until-first-use' ? text : { seconds: parseDuration(text) / 1000 } };
}
