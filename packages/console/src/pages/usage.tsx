import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useCallback, useId, useState } from 'preact/hooks';
import { COUNTS, readUsage, subjectOf, toCsv, USAGE_GROUPS, type UsageGroup, type UsageReport } from '../api/usage.ts';
import { Listing, RowTable } from '../parts/listing.tsx';
import { Page } from '../parts/page.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { strings } from '../strings.ts';

const words = strings.usage;

/** What was used, by day, token, project or model: a table with its values, and bars that compare them. */
export function Usage() {
  const id = useId();
  const [group, setGroup] = useState<UsageGroup>('day');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const load = useCallback(async () => ({ group, report: await readUsage(group, from, to) }), [group, from, to]);
  const { value, error, reload } = useLoaded(load);

  const day = (field: string, label: string, chosen: string, set: (value: string) => void) => (
    <div class="field">
      <label for={`${id}-${field}`}>{label}</label>
      <input
        id={`${id}-${field}`}
        type="date"
        value={chosen}
        onChange={({ currentTarget }) => set(currentTarget.value)}
      />
    </div>
  );
  return (
    <Page title={words.title} lead={words.lead}>
      <div class="inline">
        <div class="field">
          <label for={`${id}-group`}>{words.group}</label>
          <select
            id={`${id}-group`}
            value={group}
            onChange={({ currentTarget }) => setGroup(currentTarget.value as UsageGroup)}
          >
            {USAGE_GROUPS.map((one) => (
              <option key={one} value={one}>
                {words.groups[one]}
              </option>
            ))}
          </select>
        </div>
        {day('from', words.from, from === '' ? (value?.report.from ?? '') : from, setFrom)}
        {day('to', words.to, to === '' ? (value?.report.to ?? '') : to, setTo)}
        {value !== undefined && (
          <button type="button" onClick={() => save(value.report, words.groups[value.group])}>
            {words.csv}
          </button>
        )}
      </div>
      <Listing
        value={value}
        error={error}
        onRetry={() => void reload()}
        empty={words.empty}
        isEmpty={({ report }) => report.rows.length === 0}
      >
        {({ report, group: by }) => <UsageTable report={report} label={words.groups[by]} />}
      </Listing>
    </Page>
  );
}

function UsageTable({ report: { rows, totals }, label }: { readonly report: UsageReport; readonly label: string }) {
  const most = Math.max(1, ...rows.map(({ inputTokens, outputTokens }) => inputTokens + outputTokens));
  return (
    <RowTable
      columns={[label, ...COUNTS.map((name) => words.counts[name]), words.share]}
      footer={
        <tr>
          <th scope="row" data-label={label}>
            {words.total}
          </th>
          {COUNTS.map((name) => (
            <td key={name} data-label={words.counts[name]}>
              {totals[name].toLocaleString('en')}
            </td>
          ))}
          <td />
        </tr>
      }
    >
      {rows.map((row) => (
        <tr key={row.token ?? subjectOf(row, '')}>
          <th scope="row" data-label={label}>
            {visibleLine(subjectOf(row, words.none))}
          </th>
          {COUNTS.map((name) => (
            <td key={name} data-label={words.counts[name]}>
              {row[name].toLocaleString('en')}
            </td>
          ))}
          <td data-label={words.share}>
            <Bar value={(row.inputTokens + row.outputTokens) / most} />
          </td>
        </tr>
      ))}
    </RowTable>
  );
}

/** A bar beside the exact values, which are in the table: it is not read out. */
function Bar({ value }: { readonly value: number }) {
  return (
    <svg class="bar-plot" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect width={100 * value} height="10" />
    </svg>
  );
}

function save({ rows, from, to }: UsageReport, label: string): void {
  const head = [label, ...COUNTS.map((name) => words.counts[name])];
  const url = URL.createObjectURL(new Blob([toCsv(rows, head, words.none)], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `latchkey-usage-${from}-${to}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
