import type { ComponentChild } from 'preact';
import { type Identity, mayDo } from './api/identity.ts';
import { hasFinishedFirstSteps } from './first-run.ts';
import { Approvals } from './pages/approvals.tsx';
import { Audit } from './pages/audit.tsx';
import { Connect } from './pages/connect.tsx';
import { ConversationPage } from './pages/conversation.tsx';
import { Conversations } from './pages/conversations.tsx';
import { FirstSteps } from './pages/first-steps.tsx';
import { HygienePage } from './pages/hygiene.tsx';
import { McpServers } from './pages/mcp-servers.tsx';
import { Models } from './pages/models.tsx';
import { NewTokenPage } from './pages/new-token.tsx';
import { Playground } from './pages/playground.tsx';
import { Sessions } from './pages/sessions.tsx';
import { SettingsPage } from './pages/settings.tsx';
import { TokenPage } from './pages/token.tsx';
import { Tokens } from './pages/tokens.tsx';
import { Usage } from './pages/usage.tsx';
import { matchPath } from './router.ts';
import { strings } from './strings.ts';

/** A page of the console. */
interface PageRow {
  /** `/conversations`, or `/conversations/:id`. */
  readonly pattern: string;
  /** In the navigation; absent for a page that another one leads to. */
  readonly label?: string;
  /** Shown to callers whose grants have this action, or to all; the server decides what they may do. */
  readonly action?: string;
  render(parameter: string, identity: Identity): ComponentChild;
}

/** Every page, in the order of the navigation. */
const PAGES: readonly PageRow[] = [
  { pattern: '/first-steps', label: strings.nav.firstSteps, action: 'tokens:write', render: () => <FirstSteps /> },
  {
    pattern: '/conversations',
    label: strings.nav.conversations,
    action: 'chat',
    render: () => <Conversations />,
  },
  {
    pattern: '/playground',
    label: strings.nav.playground,
    action: 'chat',
    render: (_, identity) => <Playground identity={identity} />,
  },
  { pattern: '/approvals', label: strings.nav.approvals, action: 'approvals:decide', render: () => <Approvals /> },
  {
    pattern: '/tokens',
    label: strings.nav.tokens,
    action: 'tokens:read',
    render: (_, identity) => <Tokens mayWrite={mayDo(identity, 'tokens:write')} />,
  },
  { pattern: '/tokens/new', action: 'tokens:write', render: () => <NewTokenPage /> },
  {
    pattern: '/tokens/:id',
    action: 'tokens:read',
    render: (id, identity) => <TokenPage key={id} id={id} mayWrite={mayDo(identity, 'tokens:write')} />,
  },
  {
    pattern: '/hygiene',
    label: strings.nav.hygiene,
    action: 'tokens:read',
    render: (_, identity) => <HygienePage mayWrite={mayDo(identity, 'tokens:write')} />,
  },
  {
    pattern: '/models',
    label: strings.nav.models,
    action: 'models:read',
    render: (_, identity) => (
      <Models mayLoad={mayDo(identity, 'models:load')} mayDownload={mayDo(identity, 'models:download')} />
    ),
  },
  {
    pattern: '/mcp',
    label: strings.nav.mcp,
    action: 'mcp:read',
    render: (_, identity) => <McpServers mayApprove={mayDo(identity, 'mcp:write')} />,
  },
  { pattern: '/usage', label: strings.nav.usage, action: 'usage:read', render: () => <Usage /> },
  { pattern: '/audit', label: strings.nav.audit, action: 'audit:read', render: () => <Audit /> },
  {
    pattern: '/settings',
    label: strings.nav.settings,
    action: 'settings:read',
    render: (_, identity) => <SettingsPage mayWrite={mayDo(identity, 'settings:write')} />,
  },
  { pattern: '/sessions', label: strings.nav.sessions, render: () => <Sessions /> },
  // A client of /mcp has sent its person here.
  { pattern: '/authorize', render: () => <Connect query={location.search} /> },
  { pattern: '/conversations/:id', action: 'chat', render: (id) => <ConversationPage key={id} id={id} /> },
];

/** The pages that a caller is shown in the navigation. */
export const pagesOf = (identity: Identity): readonly { readonly path: string; readonly label: string }[] =>
  PAGES.flatMap(({ pattern, label, action }) =>
    label === undefined ||
    (action !== undefined && !mayDo(identity, action)) ||
    (pattern === '/first-steps' && hasFinishedFirstSteps())
      ? []
      : [{ path: pattern, label }],
  );

/** The page at a path; undefined when there is none. */
export function renderPage(path: string, identity: Identity): ComponentChild | undefined {
  for (const { pattern, render } of PAGES) {
    const parameter = matchPath(pattern, path);
    if (parameter !== undefined) return render(parameter, identity);
  }
  return undefined;
}
