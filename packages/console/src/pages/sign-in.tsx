import { useEffect, useRef, useState } from 'preact/hooks';
import { findProvider, type Identity, type Provider, signIn } from '../api/identity.ts';
import { Failure, Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { strings } from '../strings.ts';

interface SignInProps {
  /** Why the reader is here again, or why a link did not work. */
  readonly reason: unknown;
  readonly hasEnded: boolean;
  readonly onSignedIn: (identity: Identity) => void;
}

/** The form that turns a token into a session. The token stays in the form's field until then, and nowhere else. */
export function SignIn({ reason, hasEnded, onSignedIn }: SignInProps) {
  const field = useRef<HTMLInputElement>(null);
  const [error, setError] = useState<unknown>(reason);
  const [isBusy, setBusy] = useState(false);
  const [isMissing, setMissing] = useState(false);
  const [provider, setProvider] = useState<Provider>();
  useEffect(() => setError(reason), [reason]);
  // Without an answer there is still the form.
  useEffect(() => void findProvider().then(setProvider, () => {}), []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    setMissing(token === '');
    setError(undefined);
    if (token === '') return field.current?.focus();
    setBusy(true);
    try {
      const identity = await signIn({ token });
      if (field.current !== null) field.current.value = '';
      onSignedIn(identity);
    } catch (cause) {
      setError(cause);
      setBusy(false);
      field.current?.focus();
    }
  };

  return (
    <main id="content" class="sign-in">
      <Page title={strings.signIn.title} lead={strings.signIn.lead}>
        {hasEnded && error === undefined && <Notice>{strings.signIn.ended}</Notice>}
        {error !== undefined && <Failure error={error} />}
        {provider !== undefined && (
          <>
            <a class="button primary" href={startOf(provider)}>
              {strings.signIn.with(provider.name)}
            </a>
            <p class="hint">{strings.signIn.or}</p>
          </>
        )}
        <form onSubmit={submit} noValidate>
          <label for="token">{strings.signIn.token}</label>
          <input
            ref={field}
            id="token"
            type="password"
            autocomplete="current-password"
            autocapitalize="none"
            spellcheck={false}
            aria-describedby={isMissing ? 'token-missing token-hint' : 'token-hint'}
            aria-invalid={isMissing}
            disabled={isBusy}
          />
          {isMissing && (
            <p id="token-missing" class="field-error">
              {strings.signIn.required}
            </p>
          )}
          <p id="token-hint" class="hint">
            {strings.signIn.hint}
          </p>
          <button type="submit" class={provider === undefined ? 'primary' : ''} disabled={isBusy}>
            {isBusy ? strings.signIn.submitting : strings.signIn.submit}
          </button>
        </form>
      </Page>
    </main>
  );
}

/** Where the sign-in at a provider begins; it leads back to the page that is open. */
const startOf = ({ url }: Provider): string =>
  `${url}?${new URLSearchParams({ to: `${location.pathname}${location.search}` })}`;
