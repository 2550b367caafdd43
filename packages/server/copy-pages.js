import { cpSync, existsSync, rmSync } from 'node:fs';

/* Puts the console and the documentation, which are packages of their own, into this package. */
for (const name of ['console', 'manual']) {
  const built = new URL(`../${name}/dist/`, import.meta.url);
  const place = new URL(`./dist/${name}/`, import.meta.url);
  if (!existsSync(built)) {
    console.error(
      `packages/${name} is not built yet: run \`pnpm --filter @latchkey/${name} build\` first, or \`pnpm build\` for all.`,
    );
    process.exit(1);
  }
  // Files of an earlier build have other names, and would stay.
  rmSync(place, { recursive: true, force: true });
  cpSync(built, place, { recursive: true });
}
