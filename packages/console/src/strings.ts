import { connectStrings } from './strings/connect.ts';
import { serverStrings } from './strings/server.ts';
import { tokenStrings } from './strings/tokens.ts';
import { useStrings } from './strings/use.ts';

/** Every text of the console. Another language is another object of this shape. */
export const strings = {
  product: 'Latchkey',
  skip: 'Skip to content',
  menu: 'Menu',
  loading: 'Loading …',
  retry: 'Try again',
  cancel: 'Cancel',
  close: 'Close',
  none: '–',
  theme: { label: 'Colours', system: 'As the system', light: 'Light', dark: 'Dark' },
  errors: {
    unreachable: 'The server does not answer. Check that it runs, then try again.',
    status: (status: number) => `The server answered with HTTP ${status} and gave no reason.`,
    notJson:
      'The answer is not one of this server: is there a proxy between, that asks for a login or reports an error?',
    unexpected: 'The console failed here. Load the page again; if it fails again, the browser console says why.',
  },
  notFound: { title: 'There is no such page', back: 'Go to the conversations' },
  signIn: {
    title: 'Sign in',
    lead: 'Sign in with any token of this server. You see and do here what its grant allows.',
    token: 'Token',
    hint: "The administrator's token is in the file admin-token of the data folder. On that machine, 'latchkey console' prints a link that signs you in.",
    submit: 'Sign in',
    submitting: 'Signing in …',
    ended: 'Your session has ended. Sign in again.',
    notEnded:
      'This page has forgotten the session, but the server could not end it: it ends by itself. To end it at once, sign in again when the server works, and end it under Sessions.',
    required: 'Enter a token.',
    with: (provider: string) => `Sign in with ${provider}`,
    or: 'or with a token',
    failures: {
      refused: 'The sign-in was refused or broken off there. Try again.',
      unreachable: 'The server that keeps your account does not answer. Try again later, or sign in with a token.',
      invalid:
        'The answer of the server that keeps your account could not be taken. Try again; if it fails again, the log of this server says why.',
      busy: 'Too many people sign in at this moment. Try again.',
      expired: 'The sign-in took longer than ten minutes, or began in another browser. Try again.',
      'no-grant': 'Your account is known, but this server gives it no rights. Ask the person who runs it.',
      denied: 'Your account may not be used from this network or at this time.',
      failed: 'The sign-in failed here. The log of this server says why.',
    },
  },
  firstSteps: {
    title: 'First steps',
    lead: 'What a new installation needs. Each step can be skipped, and done later on its own page.',
    skipAll: 'Skip all',
    skip: 'Skip',
    next: 'Next',
    finish: 'Finish',
    check: 'Look again',
    done: 'done',
    open: 'Not done yet.',
    steps: {
      model: {
        title: 'A model',
        text: "Put a GGUF file into the models folder. 'latchkey models' shows which folder that is when it is empty, and 'latchkey serve --models' names another one, such as that of LM Studio. It appears within seconds.",
        command: 'Where the file goes',
        done: (count: number) => (count === 1 ? 'One model is there.' : `${count} models are there.`),
      },
      mcp: {
        title: 'An MCP server',
        text: 'MCP servers give models tools. They are in the file mcp.json of the data folder, in the notation of Claude, Cursor and LM Studio. It is read again when it changes.',
        command: 'An example of mcp.json',
        done: (count: number) => (count === 1 ? 'One server is configured.' : `${count} servers are configured.`),
      },
      token: {
        title: 'A token',
        text: "Every caller gets a token that says exactly what it may do. Keep the administrator's token for administration.",
        go: 'Make a token',
        done: (count: number) => (count === 1 ? 'One token is made.' : `${count} tokens are made.`),
      },
      chat: {
        title: 'A first chat',
        text: 'The playground chats as the token that is signed in, and shows the same request as a command.',
        go: 'Open the playground',
        done: (count: number) => (count === 1 ? 'One response is stored.' : `${count} responses are stored.`),
      },
    },
  },
  account: {
    signOut: 'Sign out',
    signedInAs: 'Signed in as',
    open: 'No sign-in needed',
    openHint: 'Authentication is off on this server.',
  },
  nav: {
    label: 'Pages',
    firstSteps: 'First steps',
    conversations: 'Conversations',
    playground: 'Playground',
    approvals: 'Approvals',
    tokens: 'Tokens',
    hygiene: 'Key hygiene',
    models: 'Models',
    mcp: 'MCP servers',
    usage: 'Usage',
    audit: 'Audit',
    settings: 'Settings',
    sessions: 'Sessions',
  },
  ...useStrings,
  ...connectStrings,
  ...tokenStrings,
  ...serverStrings,
} as const;
