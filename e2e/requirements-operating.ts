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
      'operating.no-debugger': 'no signal but those to stop ends a server or opens a debugger',
      'operating.process-one': 'process 1 is ended by a signal at every moment',
      'operating.sole':
        'a second server on a data folder is refused, in another container and beside one that stands still as well',
      'operating.sole-at-once': 'of two servers that start at once on a folder one runs',
      'operating.backup': 'a backup of a server that runs is a data folder again, with its tokens',
      'operating.lost-database': 'a database that was lost beside its keys is asked about, and nothing is replaced',
      'operating.health-checks': 'health checks without a Host are answered, and nothing else is',
      'operating.lockdown': 'a lockdown denies everybody but the administrator, at once, also what runs',
      'operating.process-one-said': 'a server that is process 1 without an init says so',
    },
  },
] as const satisfies readonly { readonly source: string; readonly promises: Readonly<Record<string, string>> }[];
