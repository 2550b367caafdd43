// `npm run demo` and `npm test` start here, on whatever Node a machine has. Nothing newer than Node 14 may be used
// before the Node is known to be new enough, and nothing is installed outside this folder and npm's own cache.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const pinned = manifest.packageManager.split('@')[1];
const nodeLine = 24;

const nodeIsNew = isAtLeast(process.versions.node, manifest.engines.node.replace('>=', ''));
const pnpmIsRight = runQuietly('pnpm', ['--version']) === pinned;

if (nodeIsNew && pnpmIsRight) {
  const { runTask } = await import('./tasks.js');
  process.exitCode = await runTask(
    process.env.LATCHKEY_TASK ? JSON.parse(process.env.LATCHKEY_TASK) : process.argv.slice(2),
    root,
  );
} else if (process.env.LATCHKEY_TASK) {
  console.error(`Could not get Node ${nodeLine} and pnpm ${pinned} from the npm registry.`);
  process.exitCode = 1;
} else {
  process.exitCode = startAgain();
}

/** Runs this file once more under what is missing; npx keeps it in npm's cache, so a second time takes a second. */
function startAgain() {
  const packages = [...(nodeIsNew ? [] : [`node@${nodeLine}`]), ...(pnpmIsRight ? [] : [`pnpm@${pinned}`])];
  // Ctrl-C is for the task, which ends in order; a bootstrap that died of it would give back the terminal too early.
  process.on('SIGINT', () => {});
  console.error(`Using ${packages.join(' and ')} from the npm registry.`);
  const result = spawnSync(
    'npx',
    ['-y', ...packages.flatMap((name) => ['-p', name]), '-c', 'node tooling/bootstrap/run.js'],
    {
      cwd: root,
      stdio: 'inherit',
      shell: process.platform === 'win32',
      env: { ...process.env, LATCHKEY_TASK: JSON.stringify(process.argv.slice(2)), npm_config_loglevel: 'error' },
    },
  );
  if (result.error) console.error(`npx could not be started: ${result.error.message}`);
  return result.status === null ? 1 : result.status;
}

function runQuietly(command, args) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

function isAtLeast(version, floor) {
  const [major, minor] = version.split('.').map(Number);
  const [floorMajor, floorMinor] = floor.split('.').map(Number);
  return major > floorMajor || (major === floorMajor && minor >= floorMinor);
}
