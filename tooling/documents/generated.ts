import { llm } from '@latchkey/auth-core/llm';
import { renderErrorsPage } from './errors-page.ts';
import { renderHttpPage } from './http-page.ts';

/** A file that is generated from the code. */
export interface GeneratedFile {
  /** Its path from the root. */
  readonly path: string;
  readonly render: () => string;
}

/** Every file that `pnpm generate` writes. */
export const GENERATED_FILES: readonly GeneratedFile[] = [
  { path: 'docs/errors.md', render: renderErrorsPage },
  { path: 'docs/http-api.md', render: renderHttpPage },
  {
    path: 'packages/auth-core/grant.schema.json',
    render: () => `${JSON.stringify(llm.grantSchema, undefined, 2)}\n`,
  },
];
