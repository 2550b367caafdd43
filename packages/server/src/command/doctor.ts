import type { Command } from 'commander';
import type { ConfigSources } from '../config/load-config.ts';
import { examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';
import { describeFailure } from './describe-failure.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { print, printJson, remark, style } from './print.ts';

interface Flags {
  readonly data?: string;
  readonly models?: string;
  readonly mcp?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** `latchkey doctor`. Prints each finding at once. Its exit code is that of `machine` if something does not work. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('examine this machine, the configuration, llama.cpp and the sandbox, and say what does not work')
    .option('--data <dir>', 'the data folder (default: ~/.latchkey); its server may run meanwhile')
    .option('--models <dir>', 'models (default: DATA/models)')
    .option('--mcp <file>', 'the mcp.json (default: DATA/mcp.json)')
    .option('--config <file>', 'settings (default: DATA/config.json)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  latchkey doctor')
    .action(doctor);
}

async function doctor({ json = false, config, ...flags }: Flags): Promise<void> {
  const sources: ConfigSources = {
    flags: { ...flags },
    environment: process.env,
    ...(config === undefined ? {} : { file: config }),
  };
  const findings: Finding[] = [];
  for await (const finding of examine(sources, (error) => describeFailure(error).message)) {
    findings.push(finding);
    if (!json) printFinding(finding);
  }
  const problems = findings.filter(({ state }) => state === 'problem').length;
  const warnings = findings.filter(({ state }) => state === 'warning').length;
  if (problems > 0) process.exitCode = EXIT_CODES.machine.exit;
  if (json) return printJson({ findings, problems, warnings });
  const counts = [count(problems, 'problem'), count(warnings, 'warning')].filter((text) => text !== '');
  remark(counts.length === 0 ? 'Everything works.' : `${counts.join(', ')}.`);
}

const MARKS = { ok: ['green', 'ok'], warning: ['yellow', 'warning'], problem: ['red', 'problem'] } as const;
const MARK_WIDTH = 9;
const SUBJECT_WIDTH = 15;

function printFinding({ subject, state, message, advice }: Finding): void {
  const [colour, mark] = MARKS[state];
  print(`${style(colour, mark)}${' '.repeat(MARK_WIDTH - mark.length)}${subject.padEnd(SUBJECT_WIDTH)}${message}`);
  if (advice !== undefined) print(`${' '.repeat(MARK_WIDTH + SUBJECT_WIDTH)}${advice}`);
}

function count(number: number, noun: string): string {
  if (number === 0) return '';
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
