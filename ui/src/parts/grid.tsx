/** A table of any size: only the rows and columns in sight exist in the document. */

import { Component, type ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

export interface GridColumn {
  id: string;
  width: number;
  pinned?: boolean;
  end?: boolean;
  sort?: "ascending" | "descending" | undefined;
  header: ComponentChildren;
}

interface Props<R> {
  label: string;
  columns: GridColumn[];
  rowCount: number;
  rowHeight: number;
  /** The row at a place; undefined while it is not loaded. */
  rowAt: (index: number) => R | undefined;
  /** Changes when rowAt would answer differently. */
  version: unknown;
  cell: (row: R, column: GridColumn, index: number) => ComponentChildren;
  rowClass?: (row: R, index: number) => string;
  cursor: number;
  onVisible?: (first: number, last: number) => void;
  onColumns?: (ids: string[]) => void;
  onOpen?: (row: R) => void;
}

interface Window {
  first: number;
  last: number;
  left: number;
  right: number;
}

const OVERSCAN = 6;
const px = (size: number) => `${size}px`;
const COLUMN_OVERSCAN = 240;

export function Grid<R>(p: Props<R>) {
  const scroller = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<Window>({ first: 0, last: 40, left: 0, right: 2000 });
  const pinned = useMemo(() => p.columns.filter((c) => c.pinned), [p.columns]);
  const free = useMemo(() => p.columns.filter((c) => !c.pinned), [p.columns]);
  const pinnedWidth = pinned.reduce((sum, c) => sum + c.width, 0);
  const offsets = useMemo(() => starts(free), [free]);
  const width = pinnedWidth + (offsets.at(-1) ?? 0);

  const measure = () => {
    const box = scroller.current;
    if (!box) return;
    const first = Math.max(0, Math.floor(box.scrollTop / p.rowHeight) - OVERSCAN);
    const last = Math.ceil((box.scrollTop + box.clientHeight) / p.rowHeight) + OVERSCAN;
    // Sideways in coarse steps, so that scrolling seldom changes which columns exist.
    const left = Math.floor(box.scrollLeft / 200) * 200;
    const right = left + box.clientWidth + 200;
    setShown((old) =>
      old.first === first && old.last === last && old.left === left && old.right === right
        ? old
        : { first, last, left, right },
    );
  };
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [p.rowHeight]);

  const last = Math.min(shown.last, p.rowCount);
  const onVisible = useRef(p.onVisible);
  onVisible.current = p.onVisible;
  useEffect(() => onVisible.current?.(shown.first, last), [shown.first, last, p.version]);

  useEffect(() => {
    const box = scroller.current;
    if (!box || p.cursor < 0) return;
    const top = p.cursor * p.rowHeight;
    const room = box.clientHeight - p.rowHeight * 2;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top > box.scrollTop + room) box.scrollTop = top - room;
  }, [p.cursor, p.rowHeight]);

  const from = firstAfter(offsets, shown.left - COLUMN_OVERSCAN);
  const to = firstAfter(offsets, shown.right + COLUMN_OVERSCAN) + 1;
  const visible = useMemo(() => free.slice(from, to), [free, from, to]);
  const onColumns = useRef(p.onColumns);
  onColumns.current = p.onColumns;
  useEffect(() => onColumns.current?.(visible.map((c) => c.id)), [visible]);

  const space = offsets[from] ?? 0;
  const indexes = Array.from(
    { length: Math.max(0, last - shown.first) },
    (_, i) => shown.first + i,
  );
  return (
    <div
      class="grid"
      ref={scroller}
      onScroll={measure}
      role="grid"
      aria-label={p.label}
      aria-rowcount={p.rowCount + 1}
      aria-colcount={p.columns.length}
      tabIndex={0}
    >
      <div class="grid-head" role="rowgroup" style={{ width: px(width) }}>
        <div class="grid-row head" role="row" aria-rowindex={1}>
          <Cells columns={pinned} pinned cellOf={header} role="columnheader" />
          <div class="grid-space" style={{ width: px(space) }} />
          <Cells columns={visible} cellOf={header} role="columnheader" />
        </div>
      </div>
      <div
        class="grid-body"
        role="rowgroup"
        style={{ width: px(width), height: px(p.rowCount * p.rowHeight) }}
      >
        {indexes.map((index) => {
          const row = p.rowAt(index);
          return (
            <Row
              key={index}
              index={index}
              row={row}
              top={index * p.rowHeight}
              pinned={pinned}
              visible={visible}
              space={space}
              cell={p.cell as Props<unknown>["cell"]}
              extra={`${row === undefined ? "loading" : (p.rowClass?.(row, index) ?? "")} ${index === p.cursor ? "cursor" : ""}`}
              {...(p.onOpen ? { onOpen: p.onOpen as (row: unknown) => void } : {})}
            />
          );
        })}
      </div>
    </div>
  );
}

function header(column: GridColumn): ComponentChildren {
  return column.header;
}

function starts(columns: GridColumn[]): number[] {
  const result = [0];
  for (const column of columns) result.push((result.at(-1) ?? 0) + column.width);
  return result;
}

function firstAfter(offsets: number[], place: number): number {
  let low = 0;
  let high = Math.max(0, offsets.length - 2);
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle + 1] ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface CellsProps {
  columns: GridColumn[];
  pinned?: boolean;
  cellOf: (column: GridColumn) => ComponentChildren;
  role: "gridcell" | "columnheader";
}

function Cells({ columns, pinned, cellOf, role }: CellsProps) {
  let left = 0;
  return (
    <>
      {columns.map((column) => {
        const style = pinned
          ? { width: px(column.width), left: px(left) }
          : { width: px(column.width) };
        left += column.width;
        const sort = role === "columnheader" && column.sort ? { "aria-sort": column.sort } : {};
        return (
          <div
            key={column.id}
            role={role}
            class={`grid-cell ${pinned ? "pinned" : ""} ${column.end ? "end" : ""}`}
            style={style}
            {...sort}
          >
            {cellOf(column)}
          </div>
        );
      })}
    </>
  );
}

interface RowProps {
  index: number;
  row: unknown;
  top: number;
  pinned: GridColumn[];
  visible: GridColumn[];
  space: number;
  cell: Props<unknown>["cell"];
  extra: string;
  onOpen?: (row: unknown) => void;
}

/** Rendered again only when something of its own changed, not when others scroll by. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== now[name]);
  }

  override render() {
    const { index, row, top, pinned, visible, space, cell, extra, onOpen } = this.props;
    const cellOf = (column: GridColumn) => (row === undefined ? null : cell(row, column, index));
    return (
      <div
        class={`grid-row ${extra}`}
        role="row"
        aria-rowindex={index + 2}
        style={{ transform: `translateY(${top}px)` }}
        onDblClick={() => row !== undefined && onOpen?.(row)}
      >
        <Cells columns={pinned} pinned cellOf={cellOf} role="gridcell" />
        <div class="grid-space" style={{ width: px(space) }} />
        <Cells columns={visible} cellOf={cellOf} role="gridcell" />
      </div>
    );
  }
}
