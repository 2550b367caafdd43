import type { Command } from 'commander';
import { addAttenuateCommand } from './attenuate.ts';
import { addEditCommand, addRotateCommand, addShowCommand } from './change.ts';
import { addCreateCommand } from './create.ts';
import { addDeleteCommand } from './delete.ts';
import { addTokenDoctorCommand } from './doctor.ts';
import { addExchangeCommand } from './exchange.ts';
import { addImportCommand } from './import.ts';
import { addInspectCommand } from './inspect.ts';
import { addListCommand } from './list.ts';
import { addRevokeCommand } from './revoke.ts';

/** `latchkey token …`. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('make, narrow, list, change, revoke and delete tokens');
  addCreateCommand(token);
  addImportCommand(token);
  addListCommand(token);
  addShowCommand(token);
  addEditCommand(token);
  addRotateCommand(token);
  addRevokeCommand(token);
  addDeleteCommand(token);
  addAttenuateCommand(token);
  addExchangeCommand(token);
  addInspectCommand(token);
  addTokenDoctorCommand(token);
}
