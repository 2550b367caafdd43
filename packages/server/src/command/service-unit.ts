/** What a unit of systemd for the server says. */
export interface ServiceUnit {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The user of a unit of the whole system; absent for a unit of one user, which systemd cannot harden as far. */
  readonly runAs?: string;
  readonly data: string;
}

/** The first line of each unit that was written here; others are left alone. */
export const MARK = '# Written by latchkey service install.';

/**
 * Writes the unit. What is locked away does not include what the sandbox of MCP servers needs (namespaces, its own
 * /proc) nor what a GPU needs (its devices).
 */
export function formatUnit({ command, runAs, data }: ServiceUnit): string {
  const hardening =
    runAs === undefined
      ? []
      : [
          `User=${runAs}`,
          'ProtectSystem=strict',
          `ReadWritePaths=${quote(data)}`,
          'CapabilityBoundingSet=',
          'AmbientCapabilities=',
          'ProtectControlGroups=yes',
          'ProtectHostname=yes',
          'RestrictSUIDSGID=yes',
          'RestrictRealtime=yes',
          'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
        ];
  return [
    MARK,
    '[Unit]',
    'Description=Latchkey, a server for language models',
    'After=network-online.target',
    'Wants=network-online.target',
    '',
    '[Service]',
    'Type=notify',
    'NotifyAccess=all',
    `ExecStart=${command.map(quoteArgument).join(' ')}`,
    'Restart=on-failure',
    'RestartSec=2',
    'TimeoutStopSec=15',
    'WatchdogSec=60',
    'LimitNOFILE=65536',
    'UMask=0077',
    'NoNewPrivileges=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
    ...hardening,
    '',
    '[Install]',
    `WantedBy=${runAs === undefined ? 'default.target' : 'multi-user.target'}`,
    '',
  ].join('\n');
}

/** See systemd.syntax(7): quotes, backslashes and specifiers. A line break would begin another setting. */
function quote(text: string): string {
  if (/[\n\r\0]/.test(text)) throw new TypeError('a unit cannot name a path with a line break');
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/** In a command line, `$` begins a variable. */
const quoteArgument = (text: string): string => quote(text).replaceAll('$', '$$$$');
