/** The table in which an installation's settings are kept. */
export interface SettingsTables {
  installation_settings: InstallationSettingsTable;
}

export interface InstallationSettingsTable {
  /** The id of the only row. */
  id: 'installation';
  /** JSON of InstallationSettings. */
  document: string;
  /** Counts the changes; a writer gives the version that it has read. */
  version: number;
  updated_at: string;
}
