import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { strings } from '../strings.ts';
import { Code } from './code.tsx';
import { writeJson } from './write-json.ts';

const LONG_CHARACTERS = 80;

/** The arguments of a call, one by one: short ones in a line, long ones and objects in a box of their own. */
export function ArgumentList({ value }: { readonly value: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(value);
  if (entries.length === 0) return <p class="hint">{strings.approvals.noArguments}</p>;
  return (
    <dl class="arguments">
      {entries.map(([name, argument]) => (
        <div key={name}>
          <dt>
            <code>{visibleLine(name)}</code>
          </dt>
          <dd>
            {isShort(argument) ? (
              <code>{writeJson(argument, 0)}</code>
            ) : (
              <Code value={argument} label={visibleLine(name)} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const isShort = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.length <= LONG_CHARACTERS && !value.includes('\n')
    : typeof value !== 'object' || value === null;
