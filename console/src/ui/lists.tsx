// Long lists: only what can be seen is in the page. SPDX-License-Identifier: Apache-2.0
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';

const narrow = window.matchMedia('(max-width: 56rem)');
const followNarrow = (listener: () => void) => {
  narrow.addEventListener('change', listener);
  return () => narrow.removeEventListener('change', listener);
};

function useVirtual(count: number, height: number, keyAt: (index: number) => string, onEnd?: () => void, gap = 0) {
  const place = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  // Where the list begins moves with what stands above it.
  useLayoutEffect(() => {
    const next = place.current ? Math.round(place.current.getBoundingClientRect().top + window.scrollY) : 0;
    if (Math.abs(next - top) > 1) setTop(next);
  });
  const virtual = useWindowVirtualizer({ count, estimateSize: () => height, overscan: 8, scrollMargin: top, gap, getItemKey: keyAt });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && last >= count - 1) onEnd();
  }, [last, count, onEnd]);
  return { place, virtual, items, shift: (start: number) => ({ transform: `translateY(${start - top}px)` }) };
}

/** What was measured of a row stays its own when another comes before it. */
const useKeyAt = <Row,>(rows: readonly Row[], keyOf: (row: Row) => string) =>
  useCallback((index: number) => (rows[index] === undefined ? String(index) : keyOf(rows[index])), [rows]); // keyOf is always the same function, written anew

/** A list of cards. */
export function CardList<Row>({ label, rows, keyOf, children, height = 150 }: { label: string; rows: readonly Row[]; keyOf: (row: Row) => string; children: (row: Row) => ReactNode; height?: number }) {
  const { place, virtual, items, shift } = useVirtual(rows.length, height, useKeyAt(rows, keyOf));
  return (
    <div ref={place} role="list" aria-label={label} className="virtual" style={{ height: virtual.getTotalSize() }}>
      {items.map((item) => {
        const row = rows[item.index];
        if (row === undefined) return null;
        return (
          <div key={keyOf(row)} role="listitem" aria-setsize={rows.length} aria-posinset={item.index + 1} data-index={item.index} ref={virtual.measureElement}
            className="virtual-item" style={shift(item.start)}>
            {children(row)}
          </div>
        );
      })}
    </div>
  );
}

export interface Column<Row> { name: string; header: ReactNode; cell: (row: Row) => ReactNode }

/** A table; on a narrow screen each row is a card whose cells carry their column's name. */
export function Table<Row>({ label, className, columns, rows, keyOf, toneOf, onEnd, height = 56 }: {
  label: string; className: string; columns: readonly Column<Row>[]; rows: readonly Row[]; keyOf: (row: Row) => string;
  toneOf?: (row: Row) => string; onEnd?: () => void; height?: number;
}) {
  // On a narrow screen each row is a card, with room around it.
  const isNarrow = useSyncExternalStore(followNarrow, () => narrow.matches);
  const { place, virtual, items, shift } = useVirtual(rows.length, isNarrow ? 3 * height : height, useKeyAt(rows, keyOf), onEnd, isNarrow ? 10 : 0);
  return (
    <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className={`table ${className}`}>
      <div role="rowgroup" className="table-head">
        <div role="row" aria-rowindex={1} className="row">
          {columns.map((column) => <div key={column.name} role="columnheader">{column.header}</div>)}
        </div>
      </div>
      <div role="rowgroup" ref={place} className="virtual" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div key={keyOf(row)} role="row" aria-rowindex={item.index + 2} data-index={item.index} ref={virtual.measureElement}
              className={`row virtual-item ${toneOf?.(row) ?? ''}`} style={shift(item.start)}>
              {columns.map((column) => <div key={column.name} role="cell" data-label={typeof column.header === 'string' ? column.header : ''}>{column.cell(row)}</div>)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
