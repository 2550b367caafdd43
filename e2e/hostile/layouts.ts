import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The paths of an installation's parts. */
export interface Layout {
  readonly home: string;
  /** The data folder. */
  readonly data: string;
  /** The path that the host reads; a link in some layouts. */
  readonly mcpJson: string;
  /** The file itself. */
  readonly mcpJsonFile: string;
  /** The folder that the entry of the hostile server names. */
  readonly own: string;
  /** Files that the operator's other programs run or read; the server must neither read nor change them. */
  readonly secrets: readonly string[];
  /** Files that others run; the server may read them but must not change them. */
  readonly programs: readonly string[];
}

export const layoutNames = ['default', 'linked', 'link-inside', 'srv', 'other-home', 'below'] as const;
export type LayoutName = (typeof layoutNames)[number];

const inHome = ['.ssh/id_ed25519', '.ssh/authorized_keys', '.bashrc', '.profile', '.netrc', '.npmrc', '.gitconfig']
  .concat([
    '.kube/config',
    '.kube/other',
    '.aws/credentials',
    '.config/gcloud/key',
    '.docker/config.json',
    '.gnupg/key',
  ])
  .concat([
    '.npm/_npx/a/index.js',
    '.bun/bin/bun',
    '.local/share/uv/tools/a/run',
    '.local/share/pnpm/a',
    '.local/bin/tool',
  ])
  .concat(['.config/autostart/a.desktop', '.config/systemd/user/a.service', 'letters/a.txt', '.latchkey/credentials']);

/** Makes an installation below an empty folder. */
export function createLayout(name: LayoutName, base: string): Layout {
  const home = join(base, name === 'other-home' ? 'mnt/people/ada' : 'home');
  const own = join(base, name === 'below' ? 'all' : 'srv/work');
  const data =
    { below: join(own, 'conf/deep/data'), srv: join(base, 'srv/latchkey') }[name as string] ?? join(home, '.latchkey');
  const mcpJson =
    { below: join(own, 'conf/mcp.json'), 'link-inside': join(own, 'settings/mcp.json') }[name as string] ??
    join(data, 'mcp.json');
  const files: Partial<Record<LayoutName, string>> = {
    linked: join(own, 'repository/settings/mcp.json'),
    'link-inside': join(base, 'srv/conf/mcp.json'),
  };
  const mcpJsonFile = files[name] ?? mcpJson;
  const put = (path: string, text = 'CANARY\n'): string => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const secrets = [
    ...inHome.map((path) => join(home, path)),
    join(data, 'secret.key'),
    join(data, 'mcp-homes/other/token'),
  ];
  secrets.push(join(data, 'config.json'), mcpJsonFile);
  // The entry names .kube/config, so the server may read it.
  for (const path of secrets) put(path, path.endsWith('.kube/config') ? 'named' : undefined);
  if (mcpJson !== mcpJsonFile) {
    mkdirSync(dirname(mcpJson), { recursive: true });
    symlinkSync(mcpJsonFile, mcpJson);
  }
  // One program runs without a sandbox; the other is in the hostile server's own folder and runs in another sandbox.
  const programs = [put(join(base, 'srv/neighbour/b.js'), 'neighbour'), put(join(own, 'others/run/c.js'), 'neighbour')];
  put(join(own, 'notes.txt'), 'own');
  return { home, data, mcpJson, mcpJsonFile, own, secrets, programs };
}
