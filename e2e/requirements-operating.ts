/** What Latchkey promises to those that run it, as in `requirements.ts`. */
export const operating = [
  {
    source: 'docs/proxies.md',
    promises: {
      'proxies.stream': 'a stream passes a reverse proxy event by event',
      'proxies.leaves': 'a caller that leaves through a reverse proxy is noticed',
      'proxies.address': 'the address of a caller comes from the reverse proxy, and not from the caller',
      'proxies.body': 'a body with an image passes a reverse proxy',
      'proxies.restart': 'a server that restarts behind a reverse proxy is found again',
      'proxies.password': 'nginx asks for a password of its own, and the token is in x-api-key',
      'proxies.path': 'a server works below a path of a larger site',
    },
  },
  {
    source: 'docs/operating.md',
    promises: {
      'operating.log-reader': 'a reader of the log that stands still stops nothing',
      'operating.log-full': 'a log that finds no room stops nothing',
      'operating.log-gone': 'a server goes on when nothing reads its outputs any more',
      'operating.log-rotated': 'a log file that was moved away is opened again by its name',
      'operating.log-levels': 'what a caller breaks off is neither a warning nor an error',
      'operating.stop-early': 'a signal during the start ends the server',
      'operating.stop-half-read': 'a body of which half has come does not keep the server from stopping in time',
      'operating.stop-streams':
        'in a container, streams that are open when the server is stopped end with an error event, and the process ends in time',
      'operating.config-changed':
        'a configuration file that is changed under a running server is told: what acts after a restart, or what is wrong with it',
      'operating.no-debugger': 'no signal but those to stop ends a server or opens a debugger',
      'operating.unwatched':
        'where the system reports no changes of mcp.json, that is said with its path and the reason, and changes are read all the same',
      'operating.localhost': 'localhost is listened on where a machine has only one of its addresses',
      'operating.process-one': 'process 1 is ended by a signal at every moment',
      'operating.sole':
        'a second server on a data folder is refused, in another container and beside one that stands still as well',
      'operating.sole-at-once': 'of two servers that start at once on a folder one runs',
      'operating.backup': 'a backup of a server that runs is a data folder again, with its tokens',
      'operating.commands-ask':
        'beside a running server no command opens the database: each asks the server, with nothing but the secret of the folder, and works with no administrator token as well',
      'operating.commands-held': 'beside a server that stands still a command does nothing, and says so',
      'operating.operator-proof':
        'a request of the operator counts once, for one run of the server, and only with the present secret of its folder',
      'operating.lost-database': 'a database that was lost beside its keys is asked about, and nothing is replaced',
      'operating.database-removed':
        'a database file that is removed or moved under a running server is told, nothing more is acknowledged, and it goes on when the file is back',
      'operating.full-disk':
        'on a full disk tokens are revoked for good, everything else is refused with the word full, and nothing that was acknowledged is lost',
      'operating.unix-socket': 'a Unix socket takes the same tokens, from its owner and the group alone',
      'operating.unix-socket-proxy':
        'behind a proxy at a Unix socket, the address of a caller comes from that proxy alone',
      'operating.unix-socket-left':
        'the socket that a killed server has left is taken over, and that of a running one is not',
      'operating.unix-socket-file': 'a file in the place of a Unix socket stays as it is',
      'operating.socket-activation': 'a socket that systemd has opened is listened on, and no child process gets it',
      'operating.notify': 'systemd hears that the server is ready, that it works, and that it stops',
      'operating.erasure':
        'a person is erased from every file of the data folder: tokens, responses, usage, requests, sessions, names in the audit log; the log stays whole',
      'operating.erasure-named': 'an erasure says that entries with names stay in an audit log with names',
      'operating.erasure-denied': 'only a token that may do everything erases a person, and not its own',
      'operating.webhooks':
        'operators are notified of calls that wait, of budgets, of MCP servers, upstream servers and models that fail and of definitions that changed: signed, and again until it is taken',
      'operating.webhooks-inward': 'a message goes to an address of this network only where the operator has listed it',
      'operating.service': 'a unit of systemd is written that systemd takes, and none that runs the server as root',
      'operating.container-volume':
        'a volume of root in a container of another user is one line that says which command helps',
      'operating.health-checks': 'health checks without a Host are answered, and nothing else is',
      'operating.lockdown': 'a lockdown denies every token but that of the administrator, at once, also what runs',
      'operating.key-change':
        'the secret is changed while no server runs: every token goes on, and the former one is dropped beside the server',
      'operating.key-running': 'the secret is not changed under a running server',
      'operating.key-elsewhere':
        'a secret.key that comes from elsewhere is not changed; what is to be written there is said, and works',
      'operating.key-variables':
        'a secret of LATCHKEY_SECRET or its file is not changed; what is to be set is said, and works',
      'operating.process-one-said': 'a server that is process 1 without an init says so',
    },
  },
] as const satisfies readonly { readonly source: string; readonly promises: Readonly<Record<string, string>> }[];
