import { access, constants, lstat, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { empty, type Mount } from './mounts.ts';
import { isWithin } from './trail.ts';

/** Keys and password digests of the system, in /etc. */
const names = ['shadow', 'shadow-', 'gshadow', 'gshadow-', 'sudoers', 'sudoers.d', 'crypttab', 'krb5.keytab']
  .concat(['ssl/private', 'pki/tls/private', 'letsencrypt', 'wireguard', 'ipsec.secrets', 'kubernetes', 'rancher'])
  .concat(['credstore', 'credstore.encrypted', 'NetworkManager/system-connections']);

/**
 * Covers the system's own secrets. An ordinary user cannot read them, and nothing is covered then; the user root reads
 * them without any privilege, because they are its own files.
 *
 * @param named places that the entry itself names: what it is given is not covered
 */
export async function systemSecrets(
  sees: (path: string) => boolean,
  named: readonly string[],
): Promise<readonly Mount[]> {
  const keys = (await readdir('/etc/ssh').catch(() => [])).filter((name) => name.endsWith('_key'));
  const paths = [...names, ...keys.map((name) => join('ssh', name))].map((name) => join('/etc', name));
  const mounts: Mount[] = [];
  for (const path of paths) {
    const status = await lstat(path).catch(() => undefined);
    const isOther = status === undefined || !(status.isFile() || status.isDirectory());
    if (isOther || !(await isReadable(path)) || !sees(path)) continue;
    if (named.some((place) => isWithin(place, path)) || (await realpath(path)) !== path) continue;
    mounts.push(status.isDirectory() ? empty(path) : { path, options: ['--ro-bind', '/dev/null', path] });
  }
  return mounts;
}

const isReadable = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
