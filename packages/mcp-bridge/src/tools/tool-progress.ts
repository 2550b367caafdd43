import { visibleText } from '../visible-text.ts';

/** The progress of a running call, in its server's own words and units. */
export interface ToolProgress {
  readonly progress: number;
  /** What `progress` will be at the end, if the server knows. */
  readonly total?: number;
  /** At most 500 characters; hidden ones are escaped. */
  readonly message?: string;
}

const messageCharacters = 500;

/** Cleans a server's progress report for display. */
export function cleanProgress({ progress, total, message }: ReportedProgress): ToolProgress {
  return {
    progress,
    ...(total === undefined ? {} : { total }),
    ...(message === undefined ? {} : { message: visibleText(message.slice(0, messageCharacters)) }),
  };
}

interface ReportedProgress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}
