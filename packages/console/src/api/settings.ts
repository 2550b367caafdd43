import { call } from './call.ts';

/** The settings of the installation that can be changed while it runs. */
export interface Settings {
  readonly requireAuthentication: boolean;
  readonly tokenKinds: Readonly<Record<string, boolean>>;
  /** In seconds. */
  readonly personalAccessTokenTtl: number;
  readonly accessTokenTtl: number;
  readonly allowMcpJson: boolean;
  readonly allowEphemeralMcp: boolean;
  readonly lockdown: boolean;
}

export type Switch = 'requireAuthentication' | 'allowMcpJson' | 'allowEphemeralMcp' | 'lockdown';
export const SWITCHES: readonly Switch[] = ['requireAuthentication', 'allowMcpJson', 'allowEphemeralMcp', 'lockdown'];

const PATH = '/api/v1/settings';

export const readSettings = (): Promise<Settings> => call('GET', PATH);

export const changeSettings = (
  change: Partial<Omit<Settings, 'personalAccessTokenTtl' | 'accessTokenTtl'>> & {
    readonly personalAccessTokenTtl?: string;
    readonly accessTokenTtl?: string;
  },
): Promise<Settings> => call('PATCH', PATH, { body: change });
