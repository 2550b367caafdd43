import { useEffect, useState } from 'preact/hooks';

/** Where the server has the console. */
const BASE = '/console';

/** The path of a page, below the console's own: `/conversations`. */
const currentPath = (): string => {
  const { pathname } = location;
  const below = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : '';
  return below === '' || below === '/' ? '/' : below.replace(/\/$/, '');
};

export const hrefOf = (path: string): string => `${BASE}${path}`;

/** Goes to a page of the console; a path never leaves this origin. */
export function navigate(path: string, options: { readonly replace?: boolean } = {}): void {
  const target = hrefOf(path);
  if (options.replace) history.replaceState(null, '', target);
  else history.pushState(null, '', target);
  dispatchEvent(new PopStateEvent('popstate'));
  scrollTo(0, 0);
}

/** The path of the current page, as it changes. */
export function usePath(): string {
  const [path, setPath] = useState(currentPath);
  useEffect(() => {
    const change = (): void => setPath(currentPath());
    addEventListener('popstate', change);
    return () => removeEventListener('popstate', change);
  }, []);
  return path;
}

/** The parameter of a path, for a pattern such as `/conversations/:id`; undefined when it does not match. */
export function matchPath(pattern: string, path: string): string | undefined {
  const [head = '', tail] = pattern.split(':');
  if (tail === undefined) return pattern === path ? '' : undefined;
  const rest = path.startsWith(head) ? path.slice(head.length) : '';
  if (rest === '' || rest.includes('/')) return undefined;
  try {
    return decodeURIComponent(rest);
  } catch {
    return undefined;
  }
}
