import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError } from './api/api-error.ts';
import { onUnauthenticated } from './api/call.ts';
import { type Identity, signIn, signOut, takeSession, whoami } from './api/identity.ts';
import { forgetSession, keptSession, onSessionChange } from './api/session-store.ts';
import { SignIn } from './pages/sign-in.tsx';
import { Failure } from './parts/notice.tsx';
import { Shell } from './shell.tsx';
import { strings } from './strings.ts';

type State =
  | { readonly type: 'starting' }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'signed-out'; readonly reason?: unknown; readonly hasEnded: boolean }
  | { readonly type: 'signed-in'; readonly identity: Identity; readonly linkFailure?: unknown };

/** Shown where the server could not end the session that the page has forgotten. */
const NOT_ENDED = new ApiError(0, 'not_ended', strings.signIn.notEnded);
const hasEnded = (error: unknown): boolean => error instanceof ApiError && [401, 404].includes(error.status);

/** What a page is opened with, once: a link's code, the session of a sign-in at a provider, or why there is none. */
type Handed =
  | { readonly type: 'link'; readonly code: string }
  | { readonly type: 'session'; readonly id: string; readonly pageKey: string }
  | { readonly type: 'failure'; readonly why: string };

const HANDED = /^#(?:link=[\w-]{1,256}|session=[\w-]{22}\.[\w-]{43}|sign-in-failed=[a-z-]{1,40})$/;

/** Takes that from the address, so that it stays in no history. It was in no request: it is a fragment. */
function takeHanded(): Handed | undefined {
  if (!HANDED.test(location.hash)) return undefined;
  const [name, value = ''] = location.hash.slice(1).split('=');
  history.replaceState(null, '', `${location.pathname}${location.search}`);
  if (name === 'link') return { type: 'link', code: value };
  const [id = '', pageKey = ''] = value.split('.');
  return name === 'session' ? { type: 'session', id, pageKey } : { type: 'failure', why: value };
}

function open(handed: Handed | undefined): Promise<Identity> {
  switch (handed?.type) {
    case undefined:
      return whoami();
    case 'link':
      return signIn({ link: handed.code });
    case 'session':
      return takeSession(handed);
    case 'failure':
      return Promise.reject(new ApiError(401, 'sign_in_failed', reasonOf(handed.why)));
  }
}

const reasonOf = (why: string): string => {
  const { failures } = strings.signIn;
  return Object.hasOwn(failures, why) ? failures[why as keyof typeof failures] : failures.failed;
};

/** The console: signed in, or the form to do so. */
export function App() {
  const [state, setState] = useState<State>({ type: 'starting' });

  const start = useCallback(async (): Promise<void> => {
    const handed = takeHanded();
    try {
      setState({ type: 'signed-in', identity: await open(handed) });
    } catch (error) {
      // Any page can have a link here: one that does not work leaves the session as it is.
      const identity =
        handed === undefined || keptSession() === undefined ? undefined : await whoami().catch(() => undefined);
      if (identity !== undefined) return setState({ type: 'signed-in', identity, linkFailure: error });
      const status = error instanceof ApiError ? error.status : 0;
      const reason = handed === undefined && status === 401 ? undefined : error;
      const isRefused = status === 401 || status === 403;
      setState(isRefused ? { type: 'signed-out', reason, hasEnded: false } : { type: 'failed', error });
    }
  }, []);

  useEffect(() => {
    void start();
    // A link that is opened in a tab which has the console already changes only the fragment.
    const change = (): void => {
      if (HANDED.test(location.hash)) void start();
    };
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, [start]);
  useEffect(() => onSessionChange(() => void start()), [start]);
  useEffect(
    () =>
      onUnauthenticated(() => {
        const hasEnded = keptSession() !== undefined;
        forgetSession();
        setState((before) => (before.type === 'signed-in' ? { type: 'signed-out', hasEnded } : before));
      }),
    [],
  );

  switch (state.type) {
    case 'starting':
      return (
        <p class="starting" role="status">
          {strings.loading}
        </p>
      );
    case 'failed':
      return (
        <main id="content" class="sign-in">
          <h1>{strings.product}</h1>
          <Failure error={state.error} onRetry={() => void start()} />
        </main>
      );
    case 'signed-out':
      return (
        <SignIn
          reason={state.reason}
          hasEnded={state.hasEnded}
          onSignedIn={(identity) => setState({ type: 'signed-in', identity })}
        />
      );
    case 'signed-in':
      return (
        <>
          {state.linkFailure !== undefined && <Failure error={state.linkFailure} />}
          {/* Nothing that was loaded with one session is shown in another. */}
          <Shell
            key={keptSession()?.id ?? state.identity.id}
            identity={state.identity}
            onSignOut={() => {
              setState({ type: 'signed-out', hasEnded: false });
              void signOut().catch((error: unknown) => {
                if (!hasEnded(error)) setState({ type: 'signed-out', reason: NOT_ENDED, hasEnded: false });
              });
            }}
          />
        </>
      );
  }
}
