/** A finding about one part of an installation. */
export interface Finding {
  /** The part, e.g. `memory`, `data folder`. */
  readonly subject: string;
  /** `problem`: the server or a part of it does not work. `warning`: it works, and may stop working or be slow. */
  readonly state: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
}

export const ok = (subject: string, message: string): Finding => ({ subject, state: 'ok', message });

export const warning = (subject: string, message: string, advice?: string): Finding => ({
  subject,
  state: 'warning',
  message,
  ...(advice === undefined ? {} : { advice }),
});

export const problem = (subject: string, message: string, advice?: string): Finding => ({
  subject,
  state: 'problem',
  message,
  ...(advice === undefined ? {} : { advice }),
});
