// `pnpm bench`: every figure is a ratio of two things measured in one run. `pnpm bench generation` measures one group.

import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { measureAudit } from './audit.ts';
import { measureGeneration } from './generation.ts';
import { measureKoa } from './koa.ts';
import { measureMcp } from './mcp.ts';
import { measureRequests } from './requests.ts';
import { formatTable } from './table.ts';
import { measureToolSearch } from './tool-search.ts';
import { measureVerification } from './verification.ts';

const groups = {
  generation: measureGeneration,
  requests: measureRequests,
  verification: measureVerification,
  koa: measureKoa,
  mcp: measureMcp,
  tools: measureToolSearch,
  audit: measureAudit,
};
const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !Object.hasOwn(groups, name));
if (unknown !== undefined) {
  console.error(`There is no group '${unknown}'. There are: ${Object.keys(groups).join(', ')}.`);
  process.exit(1);
}

const rows = [];
for (const [name, measure] of Object.entries(groups)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  process.stderr.write(`measuring ${name} …\n`);
  rows.push(...(await measure()));
}
const [processor] = cpus();
const machine = `Node ${process.versions.node}, ${cpus().length} × ${processor?.model ?? 'unknown processor'}`;
const report = `${machine}\n\n${formatTable(rows)}\n`;
process.stdout.write(report);
if (chosen.length === 0) writeFileSync(join(import.meta.dirname, '..', 'results', 'latest.md'), report);
