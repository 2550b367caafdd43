import { TemplateFault } from './jinja/compiled-template.ts';

const LONGEST_MESSAGE = 200;

/**
 * Why a template did not render a conversation, in a sentence. The template's own message (`raise_exception`) is the
 * best reason; any other error is a fault in the template, or a feature that this server does not have.
 */
export function refusalOf(cause: unknown): string {
  const message = (cause instanceof Error ? cause.message : String(cause))
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, LONGEST_MESSAGE);
  const reason = message === '' ? 'it does not say why' : message;
  if (!(cause instanceof TemplateFault))
    return `The model's chat template does not accept this conversation: ${reason}`;
  const where = cause.line === undefined ? '' : ` at line ${cause.line}`;
  return `The model's chat template cannot be rendered: it fails${where}: ${/[.!?]$/.test(reason) ? reason : `${reason}.`}`;
}
