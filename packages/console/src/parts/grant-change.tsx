import type { Grant } from '../api/tokens.ts';
import { strings } from '../strings.ts';
import { describeGrant } from './describe-grant.ts';

const words = strings.token;

/** What a change of a grant adds and takes away, in sentences. */
export function GrantChange({ before, after }: { readonly before: Grant; readonly after: Grant }) {
  const [old, next] = [describeGrant(before), describeGrant(after)];
  const removed = old.filter((sentence) => !next.includes(sentence));
  const added = next.filter((sentence) => !old.includes(sentence));
  return (
    <section class="card" aria-live="polite">
      <h2>{words.changes}</h2>
      {removed.length + added.length === 0 && <p class="hint">{words.noChanges}</p>}
      <ul class="reasons">
        {removed.map((sentence) => (
          <li key={sentence}>
            <del>{sentence}</del>
          </li>
        ))}
        {added.map((sentence) => (
          <li key={sentence}>
            <ins>{sentence}</ins>
          </li>
        ))}
      </ul>
    </section>
  );
}
