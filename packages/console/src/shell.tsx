import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useEffect, useState } from 'preact/hooks';
import type { Identity } from './api/identity.ts';
import { beginsWithFirstSteps } from './first-run.ts';
import { pagesOf, renderPage } from './pages.tsx';
import { Link } from './parts/link.tsx';
import { Page } from './parts/page.tsx';
import { navigate, usePath } from './router.ts';
import { strings } from './strings.ts';
import { chooseTheme, currentTheme, THEMES, type Theme } from './theme.ts';

const FIRST_STEPS = '/first-steps';

interface ShellProps {
  readonly identity: Identity;
  readonly onSignOut: () => void;
}

/** What is around each page: the navigation, the caller, the colours. */
export function Shell({ identity, onSignOut }: ShellProps) {
  const path = usePath();
  const [isOpen, setOpen] = useState(false);
  const pages = pagesOf(identity);
  const home = pages.find((page) => page.path !== FIRST_STEPS)?.path ?? '/conversations';
  useEffect(() => {
    if (path !== '/') return;
    void beginsWithFirstSteps(identity).then((begins) => navigate(begins ? FIRST_STEPS : home, { replace: true }));
  }, [path, home, identity]);

  return (
    <div class="shell">
      <a class="skip" href="#content">
        {strings.skip}
      </a>
      <header class="bar">
        <span class="brand">{strings.product}</span>
        <button
          type="button"
          class="menu"
          aria-expanded={isOpen}
          aria-controls="navigation"
          onClick={() => setOpen(!isOpen)}
        >
          {strings.menu}
        </button>
        <div id="navigation" class={isOpen ? 'side open' : 'side'}>
          <nav aria-label={strings.nav.label}>
            <ul>
              {pages.map((page) => (
                <li key={page.path}>
                  <Link
                    to={page.path}
                    current={path === page.path || path.startsWith(`${page.path}/`)}
                    onFollow={() => setOpen(false)}
                  >
                    {page.label}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <Account identity={identity} onSignOut={onSignOut} />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {path === '/' ? null : (renderPage(path, identity) ?? <NotFound />)}
      </main>
    </div>
  );
}

function NotFound() {
  return (
    <Page title={strings.notFound.title}>
      <p>
        <Link to="/conversations">{strings.notFound.back}</Link>
      </p>
    </Page>
  );
}

function Account({ identity, onSignOut }: ShellProps) {
  const [theme, setTheme] = useState(currentTheme);
  const isAnonymous = identity.kind === 'anonymous';
  return (
    <div class="account">
      <p>
        <span class="hint">{isAnonymous ? strings.account.open : strings.account.signedInAs}</span>
        <strong>{isAnonymous ? strings.account.openHint : visibleLine(identity.name)}</strong>
        {!isAnonymous && identity.owner !== '' && <span class="hint">{visibleLine(identity.owner)}</span>}
      </p>
      <label for="theme">{strings.theme.label}</label>
      <select
        id="theme"
        value={theme}
        onChange={({ currentTarget }) => {
          const chosen = currentTarget.value as Theme;
          chooseTheme(chosen);
          setTheme(chosen);
        }}
      >
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {strings.theme[one]}
          </option>
        ))}
      </select>
      {!isAnonymous && (
        <button type="button" onClick={onSignOut}>
          {strings.account.signOut}
        </button>
      )}
    </div>
  );
}
