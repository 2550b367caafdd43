/** What the page keeps of its session. The token, and the cookie, are out of its reach. */
export interface KeptSession {
  readonly id: string;
  /** One of the two secrets of the session; it is of no use without the cookie. */
  readonly pageKey: string;
}

/** Shared by the tabs of this origin; a page at another port has its own. */
const PLACE = 'latchkey.session';

export function keptSession(): KeptSession | undefined {
  try {
    const { id, pageKey } = JSON.parse(localStorage.getItem(PLACE) ?? '{}') as Partial<KeptSession>;
    return typeof id === 'string' && typeof pageKey === 'string' ? { id, pageKey } : undefined;
  } catch {
    return undefined;
  }
}

export function keepSession({ id, pageKey }: KeptSession): void {
  localStorage.setItem(PLACE, JSON.stringify({ id, pageKey }));
}

export function forgetSession(): void {
  localStorage.removeItem(PLACE);
}

/** Calls a listener when another tab signs in or out. */
export function onSessionChange(listener: () => void): () => void {
  const hear = ({ key }: StorageEvent): void => {
    if (key === PLACE || key === null) listener();
  };
  addEventListener('storage', hear);
  return () => removeEventListener('storage', hear);
}
