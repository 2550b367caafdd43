import type { TokenInfo } from '@latchkey/auth-core';
import type { Command } from 'commander';
import { withoutAbsent } from '../../config/without-absent.ts';
import { printJson, printTable, style } from '../print.ts';
import { withTokenAdministration } from './administer-tokens.ts';
import { styledState } from './print-token.ts';
import { addStoredTokenOptions, type StoredTokenFlags } from './token-options.ts';

interface Flags extends StoredTokenFlags {
  readonly owner?: string;
  readonly project?: string;
}

/** `latchkey token list`. */
export function addListCommand(token: Command): void {
  const command = token
    .command('list')
    .description('list the tokens that yours covers')
    .option('--owner <owner>', 'only those of this owner')
    .option('--project <project>', 'only those of this project')
    .action(list);
  addStoredTokenOptions(command, 'latchkey token list --owner ada');
}

async function list(flags: Flags): Promise<void> {
  const filter = withoutAbsent({ owner: flags.owner, project: flags.project });
  const tokens = await withTokenAdministration(flags, process.env, (administration) => administration.list(filter));
  if (flags.json) return printJson({ tokens });
  printTable(
    ['ID', 'KIND', 'NAME', 'OWNER', 'PROJECT', 'STATE', 'EXPIRES', 'LAST USED', 'ROTATE'],
    tokens.map((info) => [
      info.id,
      info.kind,
      info.name,
      info.owner,
      info.project ?? '-',
      styledState(info),
      day(info.expiresAt),
      day(info.lastUsedAt),
      rotation(info),
    ]),
  );
}

const day = (time: string | undefined): string => time?.slice(0, 10) ?? 'never';

function rotation({ revokedAt, rotateAfter, rotationDue }: TokenInfo): string {
  if (revokedAt !== undefined) return '-';
  return rotationDue ? style('yellow', `${day(rotateAfter)} due`) : day(rotateAfter);
}
