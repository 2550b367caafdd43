/** One file to download. */
export interface RemoteFile {
  readonly url: string;
  readonly name: string;
  readonly bytes: number;
  /** Absent: its server does not say. */
  readonly sha256?: string;
}

/** The files of one model, and where they belong in the models folder. */
export interface RemoteModel {
  readonly publisher: string;
  readonly repository: string;
  /** Several for a split model. */
  readonly files: readonly RemoteFile[];
}
