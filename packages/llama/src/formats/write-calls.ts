import { ANY, KEY } from './syntax/pattern.ts';
import type { CallSyntax } from './syntax/turn-syntax.ts';

/** A call to write in the model's syntax. */
export interface WrittenCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Writes calls in a model's syntax, for templates that do not write calls. */
export function writeCalls(syntax: CallSyntax, calls: readonly WrittenCall[]): string {
  const { body, list, callOpen, callClose, close } = syntax;
  const open = syntax.open[0] ?? '';
  const texts = calls.map((call, index) => filled(callOpen, index) + writeCall(syntax, call, index) + callClose);
  if (body.kind === 'python' || list) return `${open}[${texts.join(', ')}]${close}`;
  return callOpen === '' ? texts.map((text) => open + text + close).join('\n') : open + texts.join('') + close;
}

function writeCall({ body }: CallSyntax, { name, arguments: callArguments }: WrittenCall, index: number): string {
  const entries = Object.entries(callArguments);
  switch (body.kind) {
    case 'json':
      return JSON.stringify(
        body.nameIsKey ? { [name]: callArguments } : { [body.name]: name, [body.arguments]: callArguments },
      );
    case 'named':
      return name + filled(body.nameEnd, index) + JSON.stringify(callArguments);
    case 'python':
      return `${name}(${entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(', ')})`;
    case 'braces':
      return `${name}{${entries.map(([key, value]) => `${key}:${typeof value === 'string' ? body.quote + value + body.quote : JSON.stringify(value)}`).join(',')}}`;
    case 'tags': {
      const line = body.onLines ? '\n' : '';
      const written = entries.map(([key, value]) => {
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        return `${body.keyOpen}${key}${filled(body.keyClose, index)}${line}${text}${line}${body.valueClose.replaceAll(KEY, key)}`;
      });
      return name + filled(body.nameEnd, index) + written.join('');
    }
  }
}

function filled(pattern: string, index: number): string {
  return pattern.replaceAll(ANY, String(index));
}
