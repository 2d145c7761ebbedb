// Uses by key over time, as stacked bars; the same as a table for whoever does not see them. SPDX-License-Identifier: Apache-2.0
import { memo, useDeferredValue, useMemo } from 'react';
import type { Entry, Key, Service } from '../api/client';
import { keyName, number, plural } from '../words';

const steps = [60_000, 5 * 60_000, 15 * 60_000, 3_600_000, 6 * 3_600_000, 86_400_000, 7 * 86_400_000];
const bars = 24;
const series = 5;

interface Bucket { at: number; counts: number[] }
export interface Usage { step: number; names: string[]; buckets: Bucket[]; total: number }

/** The keys used most, and the rest as one; as many bars of a round length as reach back to the oldest use. */
export function usageOf(entries: readonly Entry[], nameOf: (key: string, entry: Entry) => string, now: number): Usage | null {
  const uses = entries.filter((entry) => entry.action === 'use' && entry.key);
  const oldest = uses.at(-1);
  if (!oldest) return null;
  const totals = new Map<string, number>();
  const names = new Map<string, string>();
  for (const use of uses) {
    totals.set(use.key!, (totals.get(use.key!) ?? 0) + 1);
    if (!names.has(use.key!)) names.set(use.key!, nameOf(use.key!, use));
  }
  const ranked = [...totals].sort((a, b) => b[1] - a[1]).map(([key]) => key);
  const shown = ranked.slice(0, series);
  const span = now - Date.parse(oldest.time);
  const step = steps.find((each) => each * bars >= span) ?? steps.at(-1)!;
  const end = Math.ceil(now / step) * step;
  const width = shown.length + (ranked.length > series ? 1 : 0);
  const buckets = Array.from({ length: bars }, (_, at) => ({ at: end - (bars - at) * step, counts: Array.from({ length: width }, () => 0) }));
  for (const use of uses) {
    const bucket = buckets[Math.floor((Date.parse(use.time) - buckets[0]!.at) / step)];
    const at = shown.indexOf(use.key!);
    const place = at < 0 ? shown.length : at;
    if (bucket) bucket.counts[place] = (bucket.counts[place] ?? 0) + 1;
  }
  return { step, names: [...shown.map((key) => names.get(key) ?? key), ...(ranked.length > series ? ['other keys'] : [])], buckets, total: uses.length };
}

const lengths: Record<number, string> = { 60_000: 'minute', 300_000: '5 minutes', 900_000: '15 minutes', 3_600_000: 'hour', 21_600_000: '6 hours', 86_400_000: 'day', 604_800_000: 'week' };

const clock = (at: number, step: number) =>
  new Date(at).toLocaleString('en', step >= 86_400_000 ? { month: 'short', day: 'numeric' } : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

export const UsageChart = memo(function UsageChart({ entries: all, keys, services }: { entries: readonly Entry[]; keys: readonly Key[] | undefined; services: readonly Service[] | undefined }) {
  // Counted when there is time for it: there may be a hundred thousand, and more come while somebody scrolls.
  const entries = useDeferredValue(all);
  const usage = useMemo(() => usageOf(entries, (id, entry) => {
    const key = keys?.find((each) => each.id === id);
    return key ? keyName(key, services) : (entry.service ?? id);
  }, Date.now()), [entries, keys, services]);
  if (!usage) return null;
  const most = Math.max(1, ...usage.buckets.map((bucket) => bucket.counts.reduce((a, b) => a + b, 0)));
  const height = 120;
  const width = 720;
  const each = width / bars;
  const length = lengths[usage.step] ?? '';
  return (
    <figure className="chart">
      <figcaption>
        <span>Uses by key, a bar for each {length}</span>
        <ul className="legend">{usage.names.map((name, at) => <li key={name + at}><svg viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="2" className={`series-${at}`} /></svg>{name}</li>)}</ul>
      </figcaption>
      <div className="plot">
        <span className="most" aria-hidden="true">{number(most)}</span>
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`${plural(usage.total, 'use')} shown; at most ${number(most)} within one ${length}`}>
          <line x1="0" x2={width} y1={height} y2={height} className="axis" />
          <line x1="0" x2={width} y1="0" y2="0" className="axis faint" />
          {usage.buckets.map((bucket, at) => {
            let from = height;
            return bucket.counts.map((value, place) => {
              if (value === 0) return null;
              const size = Math.max(2, (value / most) * height);
              from -= size;
              return <rect key={`${at} ${place}`} x={at * each + 2} width={each - 4} y={from} height={size} className={`series-${place}`} />;
            });
          })}
        </svg>
        <div className="times" aria-hidden="true">{[0, 8, 16].map((at) => <span key={at}>{clock(usage.buckets[at]!.at, usage.step)}</span>)}<span>now</span></div>
      </div>
      <details>
        <summary>The same as a table</summary>
        <div className="scroller" role="region" aria-label="Uses by key over time" tabIndex={0}>
          <table>
            <thead><tr><th scope="col">From</th>{usage.names.map((name, at) => <th scope="col" key={at}>{name}</th>)}</tr></thead>
            <tbody>{usage.buckets.filter((bucket) => bucket.counts.some((value) => value > 0)).map((bucket) => (
              <tr key={bucket.at}><th scope="row">{clock(bucket.at, usage.step)}</th>{bucket.counts.map((value, at) => <td key={at}>{value}</td>)}</tr>))}</tbody>
          </table>
        </div>
      </details>
    </figure>
  );
});
