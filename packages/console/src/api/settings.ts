import { call } from './call.ts';

/** The settings of the installation that can be changed while it runs. */
export interface Settings {
  readonly requireAuthentication: boolean;
  readonly tokenKinds: Readonly<Record<string, boolean>>;
  /** In seconds. */
  readonly personalAccessTokenTtl: number;
  readonly accessTokenTtl: number;
  /** 0: no token expires for lack of use. */
  readonly unusedTokenTtl: number;
  readonly allowMcpJson: boolean;
  readonly allowEphemeralMcp: boolean;
  readonly lockdown: boolean;
}

export type Switch = 'requireAuthentication' | 'allowMcpJson' | 'allowEphemeralMcp' | 'lockdown';
export const SWITCHES: readonly Switch[] = ['requireAuthentication', 'allowMcpJson', 'allowEphemeralMcp', 'lockdown'];

const PATH = '/api/v1/settings';

export const readSettings = (): Promise<Settings> => call('GET', PATH);

export type Lifetime = 'personalAccessTokenTtl' | 'accessTokenTtl' | 'unusedTokenTtl';
export const LIFETIMES: readonly Lifetime[] = ['personalAccessTokenTtl', 'accessTokenTtl', 'unusedTokenTtl'];

/** Lifetimes are seconds, or durations such as `90d`. */
export type SettingsChange = Partial<Omit<Settings, Lifetime>> & Readonly<Partial<Record<Lifetime, number | string>>>;

export const changeSettings = (change: SettingsChange): Promise<Settings> => call('PATCH', PATH, { body: change });
