/** What stands in a cell and above a column of the runs table. */

import type { ComponentChildren } from "preact";
import { ago, clock, duration, number } from "../format";
import { Status } from "../parts/basics";
import { Popover } from "../parts/dialog";
import { Icon } from "../parts/icon";
import { href } from "../state/router";
import { runColor } from "./colors";
import { ATTRIBUTES, columnId, type Field, parseColumn, type Sort } from "./columns";
import type { TableRow } from "./source";
import { setSort, togglePin, toggleSort } from "./state";

const WIDTHS: Record<string, number> = {
  "attribute::run_name": 250,
  "attribute::start_time": 112,
  "attribute::end_time": 112,
  "attribute::duration": 96,
  "attribute::run_id": 280,
};
const KIND_WIDTH = { attribute: 100, metric: 104, param: 110, tag: 130 };

export function columnWidth(id: string): number {
  const kind = parseColumn(id)?.kind ?? "attribute";
  const fits = 34 + columnLabel(id).length * 7.2;
  return WIDTHS[id] ?? Math.round(Math.min(200, Math.max(KIND_WIDTH[kind], fits)));
}

export function columnLabel(id: string): string {
  const ref = parseColumn(id);
  if (!ref) return id;
  return ref.kind === "attribute" ? (ATTRIBUTES[ref.key] ?? ref.key) : ref.key;
}

const FIELDS: [Field, string][] = [
  ["last", "last value"],
  ["min", "lowest value"],
  ["max", "highest value"],
  ["min_step", "step of lowest"],
  ["max_step", "step of highest"],
  ["step", "last step"],
];

interface HeaderProps {
  id: string;
  sort: Sort | undefined;
  pinned: string[];
  onReplace: (from: string, to: string) => void;
  onHide: (id: string) => void;
}

export function ColumnHeader({ id, sort, pinned, onReplace, onHide }: HeaderProps) {
  const ref = parseColumn(id);
  const label = columnLabel(id);
  const sorted = sort?.id === id;
  const metric = ref?.kind === "metric";
  return (
    <>
      <button
        type="button"
        class="sort ellipsis"
        title={`${label}: click to sort`}
        onClick={() => toggleSort(id, sort)}
      >
        <span class="ellipsis">{label}</span>
        {metric && ref.field !== "last" && <i class="field-mark">{ref.field}</i>}
        {sorted && <Icon name={sort.ascending ? "up" : "down"} size={12} />}
      </button>
      {id !== "attribute::run_name" && (
        <Popover label={`Options of ${label}`} icon="down" iconOnly kind="quiet">
          {(close) => {
            const act = (run: () => void) => () => {
              close();
              run();
            };
            return (
              <div class="menu">
                <button type="button" onClick={act(() => setSort({ id, ascending: true }))}>
                  Sort ascending
                </button>
                <button type="button" onClick={act(() => setSort({ id, ascending: false }))}>
                  Sort descending
                </button>
                {metric &&
                  FIELDS.map(([field, text]) => (
                    <button
                      key={field}
                      type="button"
                      onClick={act(() => onReplace(id, columnId("metric", ref.key, field)))}
                    >
                      {ref.field === field ? <Icon name="check" size={12} /> : <i class="gap" />}
                      Show {text}
                    </button>
                  ))}
                <button type="button" onClick={act(() => togglePin(id, pinned))}>
                  {pinned.includes(id) ? "Unpin" : "Pin to the left"}
                </button>
                <button type="button" onClick={act(() => onHide(id))}>
                  Hide
                </button>
              </div>
            );
          }}
        </Popover>
      )}
    </>
  );
}

export function isNumeric(id: string): boolean {
  return id.startsWith("metric:") || id === "attribute::duration";
}

/** The cell of any column but the name. */
export function cellContent(row: TableRow, id: string): ComponentChildren {
  const ref = parseColumn(id);
  if (!ref) return null;
  const { run } = row;
  if (ref.kind === "attribute") {
    switch (ref.key) {
      case "start_time":
        return <Time at={run.start_time} />;
      case "end_time":
        return <Time at={run.end_time} />;
      case "duration":
        if (!run.start_time) return <span class="none">–</span>;
        return <span class="num">{duration((run.end_time ?? Date.now()) - run.start_time)}</span>;
      case "user_id":
        return run.user;
      case "status":
        return <Status status={run.status} label />;
      default:
        return <span class="mono">{run.run_id}</span>;
    }
  }
  const value = row.cells[id];
  if (value === undefined || value === null) return <span class="none">–</span>;
  if (ref.kind === "metric") {
    return (
      <span class="num" title={String(value)}>
        {number(value as number | string)}
      </span>
    );
  }
  return <span title={String(value)}>{String(value)}</span>;
}

function Time({ at }: { at: number | null }) {
  return (
    <span class="muted" title={clock(at)}>
      {ago(at)}
    </span>
  );
}

interface NameProps {
  row: TableRow;
  nested: boolean;
  open: boolean;
  onToggle: () => void;
}

export function NameCell({ row, nested, open, onToggle }: NameProps) {
  const { run } = row;
  return (
    <div class="name-cell" style={{ paddingLeft: `${row.depth * 18}px` }}>
      {nested &&
        (run.children > 0 ? (
          <button
            type="button"
            class={`twist ${open ? "open" : ""}`}
            aria-label={`${open ? "Hide" : "Show"} ${run.children} nested runs of ${run.name}`}
            onClick={onToggle}
          >
            <Icon name="chevron" size={12} />
          </button>
        ) : (
          <i class="twist" />
        ))}
      <Status status={run.status} />
      <a class="ellipsis" href={href(["experiments", run.experiment_id, "runs", run.run_id])}>
        {run.name}
      </a>
      {nested && run.children > 0 && <span class="badge">{run.children}</span>}
      <i class="swatch" style={{ background: runColor(run.run_id) }} />
    </div>
  );
}
