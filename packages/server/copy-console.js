import { cpSync, existsSync, rmSync } from 'node:fs';

/* Puts the console, which is a package of its own, into this package. */
const built = new URL('../console/dist/', import.meta.url);
const place = new URL('./dist/console/', import.meta.url);

if (!existsSync(built)) {
  console.error(
    'The console is not built yet: run `pnpm --filter @latchkey/console build` first, or `pnpm build` for all.',
  );
  process.exit(1);
}
// Files of an earlier build have other names, and would stay.
rmSync(place, { recursive: true, force: true });
cpSync(built, place, { recursive: true });
