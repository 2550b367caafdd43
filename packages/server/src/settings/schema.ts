/** The table in which an installation's settings are kept. */
export interface SettingsTables {
  installation_settings: InstallationSettingsTable;
}

export interface InstallationSettingsTable {
  /** There is one row, and this is its name. */
  id: 'installation';
  /** JSON of InstallationSettings. */
  document: string;
  /** Counts the changes; whoever changes says which one he has seen. */
  version: number;
  updated_at: string;
}
