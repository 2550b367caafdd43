import { clientRequirements } from './requirements-clients.ts';
import { consoleRequirements } from './requirements-console.ts';
import { operating } from './requirements-operating.ts';

/**
 * What Latchkey promises, as data. Each id is proved by a scenario that cites it through `verifies()`, which gives its
 * test the sentence as title; `coverage.test.ts` fails on a promise that nobody proves.
 */
export const requirements = [
  {
    source: 'https://lmstudio.ai/docs/developer/rest/chat',
    promises: {
      'chat.tool': 'a model answers with what a permitted tool gave it',
      'chat.shape': 'an answer has the model, its output, its statistics and a response id',
      'chat.input-blocks': 'input is a text or a list of text and message blocks',
      'chat.system-prompt': 'a system prompt is accepted and counted',
      'chat.sampling': 'every sampling setting of the documentation is accepted',
      'chat.reasoning': 'a reasoning effort that the model does not have is a 400',
      'chat.max-output-tokens': 'max_output_tokens cuts the answer',
      'chat.alias': 'another name of the configuration stands for its model',
      'chat.integration-notations': 'a plugin is named as a string, as an object, and in the spelling of mcp.json',
    },
  },
  {
    source: 'https://lmstudio.ai/docs/developer/rest/streaming-events',
    promises: {
      'stream.order': 'a stream opens with chat.start, closes with chat.end and keeps the order of events between',
      'stream.frames': 'every frame is named after the type that its data repeats',
      'stream.tool-call': 'a tool call is streamed with its name, its arguments and its result',
      'stream.result': 'chat.end carries what the answer without streaming is',
      'stream.load': 'a stream that has to load the model first shows how that goes',
    },
  },
  {
    source: 'https://lmstudio.ai/docs/developer/rest/stateful-chats',
    promises: {
      'state.none': 'store: false gives no response id',
      'state.remembers': 'previous_response_id goes on where that answer ended',
      'state.branches': 'an earlier response may be gone on from again',
      'state.restart': 'a conversation goes on after a restart of the server',
      'state.foreign': "another token's response and one that never was get the same 404",
    },
  },
  {
    source: 'docs/decisions/0005-where-a-tool-call-is-decided.md',
    promises: {
      'tools.whole-plugin': 'a plugin without allowed_tools brings exactly the tools that the token may call',
      'tools.none-granted': "a plugin outside the token's grant is a 403 that names the grant",
      'tools.no-existence': 'a tool that is not permitted gets word for word the answer of one that does not exist',
      'tools.ephemeral': 'an MCP server that the request brings along is a 403',
      'tools.unknown-plugin': 'a plugin that is not configured is refused with a code',
      'tools.arguments': 'a call whose arguments the grant forbids fails with the reason and never reaches the server',
      'tools.within': 'a path argument is held to its folder, links followed',
      'tools.search':
        'on every chat API a model with many tools may see a search in their place, and from then on what it has found; nothing that is not permitted is found',
      'tools.search-decided':
        'a tool that was found is decided like any other, and one that was not permitted stays unknown',
      'tools.search-tokens': 'a search takes fewer tokens than the tools, and a grant can require it',
      'tools.http': 'a server over HTTP runs its tools and gets the headers of mcp.json',
      'tools.http-refused': 'a server over HTTP that refuses us is a 502, and its secret is not shown',
      'tools.no-passthrough': "an MCP server never gets the caller's token",
      'tools.published': 'servers as they are published on npm run their tools',
    },
  },
  {
    source: 'docs/mcp.md',
    promises: {
      'mcp.notations': "an mcp.json in VS Code's notation, with inputs, other names and an envFile, is read like any",
      'mcp.one-entry':
        'an entry decides about itself only: what it leaves out is left out, and what is not understood is held back',
      'mcp.filter': 'a tool that mcp.json leaves out gets the answer of one that does not exist',
      'mcp.credentials': 'a server that refuses the credentials of a headersCommand gets new ones',
      'mcp.reload': 'a changed mcp.json counts while the server runs, and a server that did not change goes on',
      'mcp.reload-refused': 'an mcp.json with errors changes nothing, and the log names the key',
      'mcp.servers': 'the list of MCP servers has the tools that the token may call and no others',
      'mcp.command': 'latchkey mcp adds, lists and removes servers and keeps the comments of the file',
      'mcp.command-test': 'latchkey mcp test says why a server does not start, with what it printed',
      'mcp.published': 'latchkey mcp test lists the tools of servers as they are published on npm',
    },
  },
  ...clientRequirements,
  {
    source: 'docs/decisions/0003-opaque-tokens.md',
    promises: {
      'tokens.create': 'a new token is shown once and never again',
      'tokens.edit': "an edit of a token's grant counts at once",
      'tokens.revoke': 'a revoked token is a 401 at once',
      'tokens.grant-expiry': 'a grant allows nothing after its end, and a token with an end says so',
      'tokens.expiry': 'a token whose end has come is a 401',
      'tokens.covered': 'a token makes and edits only what its own authority covers',
      'tokens.visible': 'tokens beyond its authority do not exist for a token',
      'tokens.administration': 'a token that may chat may not manage tokens, its own neither',
      'tokens.whoami': 'whoami says whose token it is and what it may do',
      'tokens.wrong-secret': 'a wrong secret and an unknown id get the same answer',
      'models.listed': 'both listings of models show those that the token may use',
      'models.no-existence': 'a model that is not permitted gets the answer of one that does not exist',
    },
  },
  {
    source: 'docs/architecture.md',
    promises: {
      'command.token': 'latchkey token creates, lists, shows, edits and revokes on a running server',
      'command.token-offline': 'latchkey token works on the store itself when no server runs',
      'command.token-text': 'without --json the new token stands alone on standard output',
      'command.token-errors': 'a wrong grant, duration or id is one line and exit code 1',
      'command.token-kinds': 'latchkey token create makes every kind of token, custom keys from standard input alone',
      'command.grant-flags': 'a grant is written by flags or in an editor, without JSON on the command line',
      'command.token-import':
        'latchkey token import takes the hashes of an earlier system, on a running server and without one, after a look at all of them',
      'command.token-warnings':
        'a grant that allows less than it seems to is taken, and the answer and the command say why',
      'command.token-list': 'latchkey token list picks by owner and project and marks what is due',
      'command.token-rotate': 'latchkey token rotate gives a new secret, at once or with an overlap',
      'command.token-revoke': 'latchkey token revoke ends tokens by id, by owner, by project, and the one in use',
      'command.token-revoke-asks': 'at a terminal latchkey token revoke asks before it ends many, or the one in use',
      'command.token-attenuate': 'latchkey token attenuate narrows a token without a server, again and again',
      'command.token-exchange': 'latchkey token exchange makes an API key or an access token of any token',
      'command.token-inspect':
        'latchkey token inspect shows what a token says, its secret never, and steers no terminal',
      'command.token-arguments': 'a token as an argument is refused, and not repeated',
      'command.keys': 'latchkey keys lists and rotates the signing keys',
      'command.connection':
        'commands use the token of the environment, or the data folder, which only this machine gets',
      'command.chat': 'latchkey chat answers on standard output and shows tool calls on standard error',
      'command.models': 'latchkey models lists the models',
      'command.whoami': 'latchkey whoami shows the token and its grants',
      'secrets.nowhere': 'a secret is in no log, no database file and no output but that of its creation',
      'secrets.every-kind':
        'of no token of any kind is the secret in the files or the log of the server, wherever it was sent',
      'secrets.budget-of-one': 'of 200 requests at once on a budget of one, one is served',
      'secrets.modes': 'the administrator token and the secret key are readable by their owner alone',
    },
  },
  {
    source: 'docs/architecture.md',
    promises: {
      'bad-input.body': 'a wrong body is refused with a code and the name of the parameter',
      'bad-input.size': 'a body beyond the limit is a 413, whether it says its size or not',
      'bad-input.content-type': 'a body that does not say that it is JSON is a 415',
      'bad-input.path': 'a path that is none is a 404',
      'bad-input.method': 'a method that the path does not take is a 405 that names those it takes',
      'bad-input.host': 'a foreign Host is a 403',
      'bad-input.origin': 'a foreign Origin is a 403',
      'bad-input.headers': 'headers beyond all measure are a 431',
      'bad-models.listed': 'a file that is no model is not listed',
      'bad-models.refused': 'a chat with a bad file is a 4xx and the server lives',
      'bad-models.stream': 'a stream with a bad file is refused with a status before it begins',
      'bad-models.neighbour': 'a good model answers beside bad files',
    },
  },
  {
    source: 'docs/architecture.md',
    promises: {
      'faults.killed-mid-stream': 'a model that is killed in mid-stream ends that stream with an error and chat.end',
      'faults.killed-waiting': 'requests that waited for a place in a killed model are served',
      'faults.reload': 'the request after a killed model is served by a new process',
      'faults.retry': 'a model that is killed before it has said anything is not noticed by the caller',
      'faults.disconnect': 'a caller who goes away stops the generation within a second',
      'faults.disconnect-waiting': 'a caller who goes away while waiting gives up the place in the line',
      'faults.tool-hangs': 'a tool that does not end is given up, and the chat and its neighbours go on',
      'faults.tool-dies': 'a server that dies in a call fails the call and not the chat',
      'faults.tool-garbage': 'a result that is none fails the call and not the chat',
      'faults.server-dead': 'a server that does not start is a 502 for the caller and a reason for the operator',
      'faults.server-noisy': 'a server that prints noise and answers twice works',
      'faults.server-lists-rubbish': 'of a list with impossible tools the possible ones work',
      'faults.server-floods': 'a server that floods is cut off',
      'faults.nothing-left': 'no process is left when the server has stopped',
      'life.ready-line': 'standard output is one line, when the server is ready; the log is JSON on standard error',
      'life.finishes': 'a signal lets a running stream end, and the server exits with 0',
      'life.bounded': 'a stream that does not end in time is ended with an error, and the server exits with 0',
      'life.killed': 'a killed server takes its models along',
      'life.no-auth': '--no-auth lets every caller chat, and none call tools or manage tokens',
      'life.open-network': '--no-auth refuses an address that others reach',
      'life.configuration': 'a wrong setting is refused with its name and its place',
      'life.port': 'a port that is taken is said to be',
      'life.sole': 'a second server on a data folder is refused',
      'life.old-node': 'a Node that is too old is named in one line',
      'demo.story': 'the demo plays the whole story and finds everything as it should be',
      'demo.interrupted': 'Ctrl-C ends the demo and everything that it has started, at once',
    },
  },
  ...consoleRequirements,
  ...operating,
  {
    source: 'models/latchkey/nano.md',
    promises: {
      'nano.calls': 'the nano model makes at least 95 % of the calls as the table of questions has them',
      'nano.answers': 'at least 95 % of its answers say what became of the call, and what it gave',
    },
  },
  {
    source: 'docs/configuration.md',
    promises: {
      'pins.held-back': 'a tool that changes is held back until latchkey mcp approve has approved it, and then works',
      'pins.kept': 'what was approved is remembered when the server starts again',
      'pins.explicit': 'with mcpPins explicit nothing is offered before it is approved',
      'taint.named': 'a label for a tool that its running server does not have is shown with that server',
      'taint.stops': 'once an untrusted tool has answered, a conversation calls no tool that sends something out',
      'settings.kept': 'a change of settings leaves what it does not name, and outlives the server',
      'settings.who': 'the settings are for tokens that may read or write them, and never for callers without a token',
      'settings.authentication': 'requireAuthentication lets every caller chat, or none without a token, at once',
      'settings.authentication-fixed': 'requireAuthentication cannot be changed where it must not be',
      'settings.mcp': 'allowMcpJson and allowEphemeralMcp refuse MCP servers on every chat route and say so',
      'settings.kinds': 'tokens of a kind that is switched off stop working at once; latchkey settings gets it back',
      'command.settings': 'latchkey settings shows and changes the settings',
      'usage.counted': 'usage counts the chats, tokens and tool calls of every route, for callers that may see them',
      'usage.broken-off': 'usage counts what a chat has used whose caller went away',
      'usage.kept': 'usage outlives the server',
      'usage.killed':
        'usage of a chat is written while the chat goes on, and what was written outlives a killed server',
      'command.usage': 'latchkey usage sums by day, token, project and model',
      'projects.responses': 'a response of one project is not found in another',
      'projects.bound': 'a token of a project acts for that project and for no other',
      'projects.granted': 'a grant with projects is good for those projects alone',
      'projects.whoami': 'whoami names the project that the request acts for',
      'projects.usage': 'usage is counted by project, and who acts for a project sees that one',
      'projects.command': 'latchkey --project chooses the project',
    },
  },
  {
    source: 'docs/mcp.md',
    promises: {
      'approvals.approve': 'a tool call that needs approval waits, and is made once a person approves it',
      'approvals.changed': 'a person may change the arguments of a call inside the grant of its run, and not beyond',
      'approvals.deny': 'a tool call that a person denies never reaches its server, and the audit log says who decided',
      'approvals.watch': 'who watches sees what comes and what ends, a caller that goes away among it',
      'approvals.watch-killed':
        'who watches misses nothing when the server is killed and started again, and reads in one line that it connects again',
      'approvals.stranger': 'a call that waits is not there for a token whose own grant does not allow it',
      'approvals.tighten': 'a request may have a person asked where its token needs none',
      'approvals.return':
        'a caller that went away goes on from its response, also on a server that was killed meanwhile: the call waits still',
      'approvals.timeout': 'no answer in time means no',
      'turns.killed':
        'at whichever of its writes a server is killed during a chat with an approved call, the tool runs at most once, and what ran is kept',
      'approvals.shutdown':
        'a server that is told to stop waits for no person; the call goes on waiting for a caller that comes back',
    },
  },
  {
    source: 'docs/audit.md',
    promises: {
      'audit.tool-calls': 'the audit log has each tool call and its outcome, by a digest of its arguments',
      'audit.arguments': 'the audit log has the arguments of tool calls where that is configured',
      'audit.refusals': 'the audit log has what was administered, refused and logged in to in vain, and no secret',
      'audit.polling': 'who reads the audit log page by page, with audit:read, misses nothing',
      'audit.flood':
        'a flood of bad tokens from one address locks no caller out there, and does not fill the audit log',
      'command.audit': 'latchkey audit lists and exports the audit log',
      'command.audit-follow':
        'latchkey audit list --follow shows each entry once, however often the server is killed and started',
      'command.audit-verify': 'latchkey audit verify says which entry was changed or removed',
    },
  },
  {
    source: 'https://labelstud.io/guide/access_tokens',
    promises: {
      'label-studio.whoami': 'current-user/whoami shows the owner of a token as a user of Label Studio',
    },
  },
  {
    source: 'docs/client.md',
    promises: {
      'client.whoami': 'the client says whose token it has, be it from an option, the environment or a profile',
      'client.errors': 'the client distinguishes no token, a wrong one and one that may not',
      'client.expired': 'the client distinguishes a token that has expired',
      'client.limit': 'the client says which limit is used up and how long to wait',
      'client.personal': 'the client exchanges a personal access token once for many requests, and revokes that one',
      'client.access-off': 'while access tokens are switched off, the client sends a personal access token itself',
      'client.unreachable': 'the client says where no server answers',
      'client.login': 'latchkey login keeps a token for its owner alone, and every command then uses it',
      'client.profiles': 'every command takes the profile that --profile names',
      'client.login-together': 'of twelve logins at once none is lost',
      'client.login-nowhere': 'latchkey login says in one line why a token cannot be kept',
      'client.login-refused': 'a token that the server does not take is kept nowhere',
      'client.login-hidden': 'a token that is typed at a terminal is not shown',
      'client.logout': 'latchkey logout --keep forgets the token',
      'client.logout-revoke': 'latchkey logout ends the token, and says what became of it',
      'client.profiles-file': 'a profiles file that others can read is used by no command',
      'client.runtimes': 'the client runs on Node 22 and later, on Bun, on Deno and in browsers',
      'client.no-leak': 'no command shows a token that it was given',
    },
  },
  {
    source: 'python/latchkey/README.md',
    promises: {
      'python.tests':
        'the package for Python reads profiles, pairs tokens with servers and reads refusals as the client does',
    },
  },
  {
    source: 'docs/mcp.md#sandbox',
    promises: {
      'sandbox.layers': 'the list of MCP servers says which layers hold each of them',
      'sandbox.missing': 'an MCP server that asks for a sandbox does not start where there is none',
      'sandbox.hostile': 'a hostile MCP server in a sandbox opens no door, wherever the installation lies',
      'sandbox.network':
        'an MCP server in a sandbox reaches the outside, and of this machine and its cloud what its entry names',
      'sandbox.published': 'a server of npm is fetched in the sandbox, and starts again from what was kept',
      'sandbox.published-tools': 'tools of published servers that need no network answer in the sandbox',
      'sandbox.browser': 'servers of npm drive a browser in the sandbox',
      'sandbox.killed': 'nothing of an MCP server outlives a server that was killed',
    },
  },
  {
    source: 'docs/configuration.md',
    promises: {
      'shared.token': 'a token that was made on one server works on the other',
      'shared.conversation': 'a conversation goes on at the other server',
      'shared.revoke': 'a token that is revoked on one server ends on the other, its running stream too',
      'shared.limits': 'limits are counted over both servers',
      'shared.settings': 'a setting that is changed on one server counts on the other',
      'shared.secret': 'a server with another secret refuses the database',
      'shared.refused': 'a database that cannot be used is named with its setting, and without its password',
      'shared.offline': 'latchkey token works on the shared database itself when no server runs on the data folder',
    },
  },
  {
    source: 'https://www.rfc-editor.org/rfc/rfc6750#section-3',
    promises: {
      'tokens.unauthenticated': 'without a valid token every route is a 401 with a challenge',
    },
  },
  {
    source: 'docs/mcp.md#signing-in',
    promises: {
      'logins.browser':
        'a login by a browser works for its owner alone, survives a restart sealed, and ends with a logout that the audit log has',
      'logins.pasted': 'without a browser here, the address at which another one ends is pasted',
      'logins.end-with-token': 'a login ends with the token that made it',
    },
  },
  {
    source: 'docs/mcp.md#clients-that-connect-by-the-url-alone',
    promises: {
      'clients.url-alone':
        'the client of the SDK connects by the URL of /mcp alone: a person lets it in by a browser for some tools, and it ends with the token of the person',
      'clients.described': 'a client that describes itself at a URL need not register',
      'clients.refused': 'a client that its person refuses gets no token, and is told so',
    },
  },
  {
    source: 'docs/mcp.md#servers-that-a-request-brings-along',
    promises: {
      'ephemeral.runs': 'a server that a request brings along runs its tools, in every chat that takes integrations',
      'ephemeral.secrets': "such a server gets its caller's headers and not its token, and the log has neither",
      'ephemeral.granted': 'a host, or a tool, that no grant allows is a 403 before anything is connected',
      'ephemeral.addresses': 'addresses that are not public are reached only if the operator lists them',
      'ephemeral.unreachable': 'a server that does not answer is a 502, and its address is not shown',
      'ephemeral.refused': 'what can be no such server is a 400',
      'ephemeral.approval': 'a request has a person asked about its calls: one who may use its host, and who sees it',
    },
  },
  {
    source: 'docs/mcp.md',
    promises: {
      'mcp.tools': 'the MCP clients of both eras see and call over /mcp exactly what a token may call',
      'mcp.unknown': 'over /mcp a tool that is forbidden and one that does not exist get the same answer',
      'mcp.arguments': 'over /mcp a call whose arguments the grant forbids never reaches its server',
      'mcp.unauthenticated':
        'without a token /mcp is a 401, and says by what means to get one only if that is configured',
      'mcp.ends-with-token': 'a call over /mcp ends with its token',
      'mcp.progress': 'the clients of both eras hear over /mcp how a call gets on, if they ask for it',
      'mcp.approval': 'over /mcp a call that needs a person waits for one, and its client hears so meanwhile',
      'mcp.taint': 'over /mcp, where taint is on, nothing that sends something out is offered',
      'mcp.tool-search':
        'over /mcp a client may have a search in place of a long list; it finds and calls what the token may call, and nothing else',
      'mcp.loop': 'a server that is listed in its own mcp.json offers the tools of the others',
      'mcp.conformance-server':
        'the conformance suite of the protocol passes on /mcp, but for what is listed with its reason',
      'mcp.conformance-client':
        'the conformance suite of the protocol passes on the host, but for what is listed with its reason',
    },
  },
  {
    source: 'docs/tokens.md',
    promises: {
      'kinds.work': 'a token of each kind works, under each header that carries one',
      'kinds.switched-off': 'tokens of a kind that is switched off stop at once and say so',
      'kinds.revoked': 'a token of each kind can be revoked',
      'kinds.custom-strength': 'a custom key that is easy to guess is refused, unless it is forced',
      'kinds.legacy-visible': 'a legacy token is shown again to its owner, and to no other caller',
      'derived.narrower': 'a derived token may do what each grant on the way to it allows',
      'derived.ends-with-parent': 'a derived token ends with its parent, and so does what runs on it',
      'derived.by-possession': 'the holder of a derived token can end it, and it alone',
      'derived.caveat-ends': 'a caveat with an end ends the token',
      'derived.issues-derived': 'what a derived token issues ends with its parent',
      'life.rotate-overlap': 'a rotated secret goes on for as long as was asked for, and the one before it does not',
      'life.rotate-first-use': 'a rotated secret goes on until the new one is used',
      'life.notes': 'notes and reminders can be written, changed and taken away',
      'life.bulk-revoke': 'all tokens of an owner or of a project can be revoked, but for the own one',
      'life.reasons': 'a refusal says in data why: what ended the token, which grant denied',
      'label-studio.refresh': 'a personal access token is exchanged for an access token of five minutes',
      'label-studio.direct': 'a personal access token works by itself, and any JWT library reads its end',
      'label-studio.access-expires': 'an access token expires, and another one can be had',
      'label-studio.list': 'the list shows tokens without what proves them, and takes them back to end them',
      'label-studio.blacklist': 'a token is ended by its holder or owner, and by no other caller',
      'label-studio.rotate': 'rotate gives another token and ends the one before',
      'oauth.offline': 'other servers verify access tokens with the published keys',
      'oauth.audience': 'an access token works for the server that it was made for, and for no other',
      'oauth.online': 'a server that asks hears that a token was revoked',
      'oauth.introspect': 'introspection and revocation answer as RFC 7662 and RFC 7009 say',
      'oauth.narrower': 'an exchange never widens, whatever it asks for',
      'oauth.lm-studio-shape': "an exchange makes an API key in LM Studio's shape",
      'oauth.limited': 'an exchange counts against the limits of the token that is exchanged',
      'oauth.errors': 'what is impossible is refused in the words of RFC 6749',
      'oauth.key-rotation': 'tokens outlive a rotation of keys, and end with a compromised key',
    },
  },
  {
    source: 'docs/engine.md',
    promises: {
      'engine.downloads':
        'a model is pulled, over a break, used, verified and deleted, for tokens with models:download only',
      'engine.instances': 'load, ps and unload take a real model through its life, for tokens with models:load only',
      'upstream.serves': 'models of another server are listed, granted, asked and counted like any',
      'upstream.tools': 'a model of another server calls the tools of this one, which decides each call',
      'upstream.one-call':
        "a client that wants one call at a time gets one, through OpenAI's and Anthropic's SDKs, also of a server that writes two",
      'upstream.faults':
        'an upstream server that dies, hangs, lies or stops halfway fails its request, in words, and no other',
      'upstream.budget': 'a budget keeps an estimate for the prompt, and is charged what the upstream server counts',
      'upstream.secrets': 'nothing of a caller goes to an upstream server but its turn, and its key goes nowhere else',
    },
  },
  {
    source: 'docs/tokens.md',
    promises: {
      'docs.tokens': 'the commands of the page work as they are written, one after the other',
      'docs.readme': 'the commands of the README work as they are written, but for ids and folders',
      'docs.pages': 'the commands of the pages for operators and callers work as they are written',
    },
  },
] as const satisfies readonly { readonly source: string; readonly promises: Readonly<Record<string, string>> }[];

type Promises = (typeof requirements)[number]['promises'];
type KeyOf<T> = T extends unknown ? keyof T : never;
export type RequirementId = KeyOf<Promises>;

/** Throws for an id that is none. */
export function sentenceOf(id: RequirementId): string {
  const sentences: Readonly<Record<string, string>> = Object.assign({}, ...requirements.map((group) => group.promises));
  const sentence = sentences[id];
  if (sentence === undefined) throw new TypeError(`There is no requirement '${id}'`);
  return sentence;
}
