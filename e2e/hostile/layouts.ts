import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
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
  /** The file of variables of the hostile server, in its own folder, and that of another server. */
  readonly envFiles: readonly [own: string, other: string];
  /** What an object names in `denyRead` and `denyWrite`; the last of each is not there. */
  readonly denied: Readonly<Record<'denyRead' | 'denyWrite', readonly string[]>>;
  /** Where a service of the machine listens, in a folder that the server may read. */
  readonly socket: string;
  /** Where the socket of a container engine is mounted, as a container is given it, and where the engine listens. */
  readonly engine: { readonly mounted: string; readonly own: string };
  /** Where Node looks for the libraries of another server's script, and nothing is yet. */
  readonly planted: readonly string[];
  /** A program in the hostile server's folder, and the file that it makes when it runs. */
  readonly token: string;
  readonly ran: string;
  /** A link in that folder to a folder of letters, as the server could make it. */
  readonly borrowed: string;
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
  // Two levels deep, so that the folders on the way can be attacked; each in a folder that nothing else keeps in place.
  const data =
    { below: join(own, 'store/deep/data'), srv: join(base, 'srv/latchkey') }[name as string] ?? join(home, '.latchkey');
  const mcpJson =
    { below: join(own, 'conf/in/mcp.json'), 'link-inside': join(own, 'settings/mcp.json') }[name as string] ??
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
  const envFiles = [put(join(own, 'env/own/.env'), 'OWN=1\n'), put(join(own, 'env/other/.env'), 'CANARY=1\n')] as const;
  const denied = {
    denyRead: [put(join(own, 'denied/read/key')), join(own, 'denied/later/key')],
    denyWrite: [put(join(own, 'denied/write/config'), 'named'), join(own, 'denied/later/config')],
  };
  const ran = join(base, 'ran');
  const token = put(join(own, 'host/token'), `#!/bin/sh\necho A=1 | tee '${ran}'\n`);
  chmodSync(token, 0o755);
  const borrowed = join(own, 'borrowed');
  symlinkSync(join(home, 'letters'), borrowed);
  put(join(own, 'notes.txt'), 'own');
  return {
    ...{ home, data, mcpJson, mcpJsonFile, own, ran, token, borrowed, denied, envFiles },
    secrets: [...secrets, envFiles[1]],
    programs: [...programs, envFiles[0]],
    socket: join(base, 'srv/neighbour/service'),
    engine: { mounted: put(join(base, 'srv/neighbour/engine'), ''), own: join(home, 'engine') },
    planted: ['others/run', 'others', '.'].map((folder) => join(own, folder, 'node_modules/planted.js')),
  };
}
