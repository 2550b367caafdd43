import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isWithin, isWithinAny } from './trail.ts';

/**
 * Checks the mounts from inside, before the server's own program is run. Another server may replace a folder by a link
 * between the moment in which a place is judged and the one in which bubblewrap mounts it; bubblewrap follows links.
 * The kernel's list says what was mounted where. It is read with the shell alone, since no other program is certain to
 * be there. Each expected mount is one argument, as it is in that list: place, device, root.
 */
const script = `nl='
'
n=$1 left=$1 places=$nl mounts=$nl found=$nl count=0; shift
while [ "$left" -gt 0 ]; do places="$places\${1%% *}$nl" mounts="$mounts$1$nl" left=$((left-1)); shift; done
while read -r _ _ device root place _; do
  case "$places" in *"$nl$place$nl"*) ;; *) continue ;; esac
  case "$mounts" in *"$nl$place $device $root$nl"*) ;; *) count=-1; break ;; esac
  case "$found" in *"$nl$place$nl"*) ;; *) found="$found$place$nl" count=$((count+1)) ;; esac
done </proc/self/mountinfo
[ "$count" = "$n" ] || { echo 'what its sandbox shows was replaced by another server while it was made' >&2; exit 125; }
exec "$@"`;

/**
 * Returns a command that checks mounts and then runs the rest of its arguments; empty when no other server could have
 * moved one of them.
 *
 * @param bound paths that are mounted at the same path
 * @param written the folders that other servers write
 */
export async function mountCheck(bound: readonly string[], written: readonly string[]): Promise<readonly string[]> {
  const movable = bound.filter((path) => isWithinAny(path, written) && !written.includes(path));
  if (movable.length === 0) return [];
  const mounts = parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
  const expected = movable.map((path) => expectedMount(path, mounts));
  return ['/bin/sh', '-c', script, 'mcp-places', String(expected.length), ...expected];
}

/** A mount of this process, with its texts unescaped. */
interface ListedMount {
  readonly device: string;
  readonly root: string;
  readonly place: string;
}

function parseMounts(text: string): readonly ListedMount[] {
  return text.split('\n').flatMap((line) => {
    const [, , device, root, place] = line.split(' ', 5);
    if (device === undefined || root === undefined || place === undefined) return [];
    return { device, root: unescaped(root), place: unescaped(place) };
  });
}

/** Returns how the kernel lists a mount of what is at a path now. */
function expectedMount(path: string, mounts: readonly ListedMount[]): string {
  let around: ListedMount | undefined;
  // Of several at one place the last is on top.
  for (const mount of mounts) {
    if (isWithin(path, mount.place) && mount.place.length >= (around?.place.length ?? 0)) around = mount;
  }
  const { device = '', root = '/', place = '/' } = around ?? {};
  return `${escaped(path)} ${device} ${escaped(join(root, relative(place, path)))}`;
}

const escaped = (path: string): string =>
  path.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
