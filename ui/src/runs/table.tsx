/** The runs of an experiment as a table of any size. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { KeysReply } from "../api/schema";
import { Empty, Failure, Snippet } from "../parts/basics";
import { Grid, type GridColumn } from "../parts/grid";
import { useShortcuts } from "../state/keyboard";
import { useLive } from "../state/live";
import { go, href } from "../state/router";
import { ColumnHeader, cellContent, columnWidth, isNumeric, NameCell } from "./cells";
import { queryOf } from "./query";
import { useRefusal } from "./refusal";
import { RunSource, type TableRow } from "./source";
import { setColumns, setFilter, type ViewState } from "./state";
import { RunTree } from "./tree";

const NAME = "attribute::run_name";
const CHECK = "check";

export interface Selection {
  ids: Set<string>;
  set: (ids: Set<string>) => void;
}

interface Props {
  experiments: string[];
  keys: KeysReply;
  view: ViewState;
  selection: Selection;
  onTotal: (total: number) => void;
  onFilterError: (message: string) => void;
  turn: number;
}

/** A source for what the view asks for; a new one whenever that changes. */
function useSource(p: Props): { source: RunSource; tree: RunTree; version: string } {
  const { view } = p;
  const [, setVersion] = useState(0);
  const changed = useCallback(() => setVersion((n) => n + 1), []);
  const shape = JSON.stringify([
    p.experiments,
    view.filter,
    view.sort,
    view.deleted,
    view.nested,
    view.columns,
    p.turn,
  ]); // prettier-ignore
  const made = useMemo(() => {
    const query = queryOf(p.experiments, view);
    return { source: new RunSource(query, changed), tree: new RunTree(changed) };
  }, [shape]);
  useEffect(() => {
    made.source.start();
    return () => made.source.stop();
  }, [made]);
  return { ...made, version: `${shape}/${made.source.version}/${made.tree.version}` };
}

export function RunsTable(p: Props) {
  const { view, selection } = p;
  const { source, tree, version } = useSource(p);
  const [cursor, setCursor] = useState(-1);
  const sight = useRef<{ rows: [number, number]; columns: string[] }>({
    rows: [0, 40],
    columns: [],
  });
  const last = useRef<RunSource | null>(null);
  if (source.total >= 0) last.current = source;
  const arranged = tree.arrange(source);
  useLive(`run:${p.experiments[0]}:`, (topics) => {
    const ids = topics?.map((topic) => topic.split(":")[2] ?? "") ?? null;
    void source.refresh(ids && ids.length < 200 ? ids : null).catch(() => undefined);
  });
  useEffect(() => p.onTotal(source.total), [source.total, p.onTotal]);
  const { error } = source;
  const refused = useRefusal(error, p.onFilterError);

  const see = () => source.ensure(...sight.current.rows, sight.current.columns);
  const { rowAt, count } = arranged;
  const toggle = (id: string) => {
    const ids = new Set(selection.ids);
    if (!ids.delete(id)) ids.add(id);
    selection.set(ids);
  };
  const current = () => (cursor < 0 ? undefined : rowAt(cursor));
  const open = (row: TableRow | undefined) => {
    if (row) go(href(["experiments", row.run.experiment_id, "runs", row.run.run_id]));
  };
  useShortcuts([
    { keys: "j", label: "Next run", run: () => setCursor(Math.min(count - 1, cursor + 1)) },
    { keys: "k", label: "Previous run", run: () => setCursor(Math.max(0, cursor - 1)) },
    { keys: "Enter", label: "Open the run", run: () => open(current()) },
    { keys: "x", label: "Select the run", run: () => toggle(current()?.run.run_id ?? "") },
    { keys: "Escape", label: "Select nothing", run: () => selection.set(new Set()) },
  ]);

  const columns = useColumns(p, source);
  const cell = useCallback(
    (row: TableRow, column: GridColumn) => {
      if (column.id === CHECK) {
        return (
          <input
            type="checkbox"
            aria-label={`Select ${row.run.name}`}
            checked={selection.ids.has(row.run.run_id)}
            onChange={() => toggle(row.run.run_id)}
          />
        );
      }
      if (column.id !== NAME) return cellContent(row, column.id);
      return (
        <NameCell
          row={row}
          nested={view.nested}
          open={tree.isOpen(row.run.run_id)}
          onToggle={() => void tree.toggle(row, source.query)}
        />
      );
    },
    [selection.ids, view.nested, tree, tree.version, source],
  );
  if (error !== undefined && !refused && source.total < 0) return <Failure error={error} />;
  if (source.total === 0 && !refused) return <NoRuns view={view} experiment={p.experiments[0]} />;
  return (
    <Grid
      label="Runs"
      columns={columns}
      rowCount={source.total < 0 ? (refused ? 0 : 30) : count}
      rowHeight={34}
      rowAt={rowAt}
      version={version}
      cell={cell}
      rowClass={(row) => (selection.ids.has(row.run.run_id) ? "selected" : "")}
      cursor={cursor}
      onOpen={open}
      onVisible={(first, end) => {
        sight.current.rows = [first, end];
        if (source.total >= 0) see();
      }}
      onColumns={(ids) => {
        sight.current.columns = ids;
        if (source.total >= 0) see();
      }}
    />
  );
}

function useColumns(p: Props, source: RunSource): GridColumn[] {
  const { view, selection } = p;
  const rows = source.loaded();
  const all = rows.length > 0 && rows.every((row) => selection.ids.has(row.run.run_id));
  return useMemo(() => {
    const onReplace = (from: string, to: string) =>
      setColumns(view.columns.map((id) => (id === from ? to : id)));
    const onHide = (id: string) => setColumns(view.columns.filter((c) => c !== id));
    const check = (
      <input
        type="checkbox"
        aria-label="Select all loaded runs"
        checked={all}
        onChange={() =>
          selection.set(all ? new Set() : new Set(source.loaded().map((row) => row.run.run_id)))
        }
      />
    );
    const data = view.columns.map((id) => column(id, view.pinned.includes(id)));
    function column(id: string, pinned: boolean): GridColumn {
      const sorted = view.sort?.id === id;
      return {
        id,
        width: columnWidth(id),
        pinned,
        end: isNumeric(id),
        sort: sorted ? (view.sort?.ascending ? "ascending" : "descending") : undefined,
        header: (
          <ColumnHeader
            id={id}
            sort={view.sort}
            pinned={view.pinned}
            onReplace={onReplace}
            onHide={onHide}
          />
        ),
      };
    }
    return [{ id: CHECK, width: 36, pinned: true, header: check }, column(NAME, true), ...data];
  }, [view, all, selection, source]);
}

function NoRuns({ view, experiment }: { view: ViewState; experiment: string | undefined }) {
  if (view.filter) {
    return (
      <Empty title="No run passes the filter" icon="filter">
        <button type="button" class="button plain" onClick={() => setFilter("")}>
          Show all runs
        </button>
      </Empty>
    );
  }
  if (view.deleted) return <Empty title="No run of this experiment is in the trash" icon="trash" />;
  const code = `import mlflow

mlflow.set_tracking_uri("${new URL(".", document.baseURI).href.replace(/\/$/, "")}")

with mlflow.start_run(experiment_id="${experiment}"):
    mlflow.log_params({"optimizer": "adam", "learning_rate": 1e-3})
    for step in range(100):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)`;
  return (
    <Empty title="No runs yet" icon="flask">
      <p>Run this, or point your training script here. Runs appear as they are logged.</p>
      <Snippet code={code} />
    </Empty>
  );
}
