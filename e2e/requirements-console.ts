/** What the web console promises; see `requirements.ts`. */
export const consoleRequirements = [
  {
    source: 'docs/console.md',
    promises: {
      'console.sign-in': 'a token signs a browser in to the console, out of the reach of scripts, until it signs out',
      'console.openid':
        'a person signs in to the console with an account of a provider of OpenID Connect, with the grant of the groups there',
      'console.openid-ends': 'a person who is in no group any more is not let in, and is told so on the sign-in page',
      'console.token-ends': 'a browser is signed out of the console when its token is revoked',
      'console.link': "a link of 'latchkey console' signs a browser of this machine in, once",
      'console.link-kept':
        'a link that does not work leaves the session as it is, and one of another token leaves nothing of the former',
      'console.sign-out-unstored': 'a page that the server could not sign out says so, and has forgotten its session',
      'console.conversations': 'stored conversations are listed with their expiry, read and deleted in the console',
      'console.approvals': 'the console shows a call that waits, and why a person is asked, and takes the decision',
      'console.playground':
        'the playground chats as the signed-in token, shows tool calls as they happen, takes approvals in place, stops, and gives the chat as curl',
      'console.tokens': 'a token is tried, made, changed, rotated and revoked in the console',
      'console.first-steps': 'an empty installation begins with steps to a first chat, each of which can be skipped',
      'console.hygiene':
        "the console and 'latchkey token doctor' find the same tokens to look at, and a wide one is narrowed after its diff",
      'console.pins': 'a definition that is held back is shown in the console with what differs, and approved as shown',
      'console.models': 'a model is loaded and unloaded in the console, by a token that may',
      'console.downloads':
        'a model is downloaded in the console with its progress, also after the page is loaded again, tried again and cancelled, by a token that may',
      'console.installation':
        'models, MCP servers, usage, the audit log and settings are shown and changed in the console',
      'console.sees-what-it-may': 'the console hides what a token may not do, and the API refuses it',
      'console.sessions': 'the sessions of a token are listed in the console, and one of another browser can be ended',
      'console.hostile-texts': 'what others have written is only text in the console, whatever it looks like',
      'console.framed': 'no other page can frame the console',
      'console.manual': 'the documentation is pages of the server, which lead to each other and can be used by all',
      'console.access': 'each page of the console can be used by all, at every width, dark and light',
    },
  },
] as const satisfies readonly { readonly source: string; readonly promises: Readonly<Record<string, string>> }[];
