/** One experiment: its runs as a table, as charts, and what is said about it. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { keysOf } from "../api/overview";
import { getExperiment, restoreExperiment } from "../api/tracking";

import { fileName, save } from "../charts/export";
import { plural } from "../format";
import { Button, Failure, Loading } from "../parts/basics";
import { Head, InTrash } from "../parts/head";
import { Icon, type IconName } from "../parts/icon";
import { ColumnChooser } from "../runs/column-chooser";
import { FilterInput } from "../runs/filter-input";
import { GroupChooser, GroupTable } from "../runs/groups";
import { queryOf } from "../runs/query";
import { SavedViews } from "../runs/saved-views";
import { SelectionBar } from "../runs/selection-bar";
import { setFilter, type Tab, useViewState } from "../runs/state";
import { RunsTable } from "../runs/table";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";
import { address, href, setQuery } from "../state/router";
import { attempt } from "../state/toast";
import { AboutExperiment } from "./about-experiment";
import { ExperimentDialog } from "./experiment-dialog";
import { LazyCharts, preloadCharts } from "./lazy-charts";

const TABS: [Tab, string, IconName][] = [
  ["table", "Runs", "table"],
  ["charts", "Charts", "chart"],
  ["about", "About", "file"],
];

export function ExperimentPage({ id }: { id: string }) {
  const experiment = useAsync((signal) => getExperiment(id, signal), [id]);
  const keys = useAsync((signal) => keysOf([id], signal), [id]);
  const asked = useViewState(keys.data);
  const trashed = experiment.data?.lifecycle_stage === "deleted";
  // Of an experiment in the trash, all runs are there too.
  const view = useMemo(() => ({ ...asked, deleted: asked.deleted || trashed }), [asked, trashed]);
  const [total, setTotal] = useState(-1);
  const [filterError, setFilterError] = useState("");
  const [ids, setIds] = useState(new Set<string>());
  const [turn, setTurn] = useState(0);
  const [editing, setEditing] = useState(false);
  const onTotal = useCallback(setTotal, []);
  const onFilterError = useCallback(setFilterError, []);
  const reload = () => setTurn((n) => n + 1);
  const download = () =>
    attempt("", async () => {
      const { runsCsv } = await import("../runs/csv");
      const query = queryOf([id], { ...view, nested: false });
      save(fileName(experiment.data?.name ?? "runs", "csv"), await runsCsv(query));
    });
  const restore = async () => {
    if (await attempt("Restored", () => restoreExperiment(id))) experiment.reload();
  };
  useLive(`experiment:${id}`, experiment.reload);
  // New metrics and params become columns; looked up at leisure, since that is rare.
  useLive(`run:${id}:`, keys.reload, 5000);
  useEffect(() => setFilterError(""), [view.filter]);
  useEffect(() => {
    // A failure shows when the charts are to be drawn.
    if (view.tab === "charts") preloadCharts().catch(() => undefined);
  }, [view.tab]);
  const selection = { ids, set: setIds };
  if (experiment.error !== undefined && !experiment.data) {
    return (
      <Failure
        error={experiment.error}
        retry={experiment.reload}
        instead={["All experiments", href(["experiments"])]}
      />
    );
  }
  const found = experiment.data;
  const name = found?.name ?? "";
  return (
    <>
      <Head title={name} crumbs={[["Experiments", href(["experiments"])]]}>
        {trashed && <InTrash onRestore={restore} />}
        {total >= 0 && <span class="muted">{plural(total, "run")}</span>}
        {found && <SavedViews experiment={found} onChanged={experiment.reload} />}
        <Button label="Edit" icon="edit" kind="quiet" iconOnly onClick={() => setEditing(true)} />
      </Head>
      <Tabs id={id} now={view.tab} />
      {keys.data && view.tab !== "about" && (
        <div class="toolbar">
          <FilterInput
            value={view.filter}
            keys={keys.data}
            error={filterError}
            onChange={setFilter}
          />
          <GroupChooser keys={keys.data} chosen={view.groups} />
          {view.tab === "table" && (
            <>
              <Toggle label="Nested" icon="tree" name="nested" on={view.nested} />
              <ColumnChooser keys={keys.data} columns={view.columns} chosen={view.chosen} />
              <Button
                label="Download these runs as CSV"
                icon="download"
                kind="quiet"
                iconOnly
                onClick={download}
              />
            </>
          )}
          <Toggle label="Deleted" icon="trash" name="deleted" on={view.deleted} />
        </div>
      )}
      {keys.error !== undefined && !keys.data && <Failure error={keys.error} retry={keys.reload} />}
      <div class={`page-body ${view.tab === "about" ? "" : "flush"}`}>
        {!keys.data && keys.error === undefined && <Loading />}
        {keys.data && view.tab === "table" && view.groups.length === 0 && (
          <RunsTable
            experiments={[id]}
            keys={keys.data}
            view={view}
            selection={selection}
            onTotal={onTotal}
            onFilterError={onFilterError}
            turn={turn}
          />
        )}
        {view.tab === "table" && view.groups.length > 0 && (
          <GroupTable experiments={[id]} view={view} onFilterError={onFilterError} />
        )}
        {keys.data && view.tab === "charts" && (
          <LazyCharts
            experiments={[id]}
            keys={keys.data}
            view={view}
            selected={ids}
            onFilterError={onFilterError}
          />
        )}
        {view.tab === "about" && found && (
          <AboutExperiment experiment={found} onEdit={() => setEditing(true)} />
        )}
      </div>
      <SelectionBar
        experiments={[id]}
        selection={selection}
        deleted={view.deleted}
        onChanged={reload}
      />
      {editing && found && (
        <ExperimentDialog
          experiment={found}
          onClose={() => setEditing(false)}
          onDone={experiment.reload}
        />
      )}
    </>
  );
}

function Tabs({ id, now }: { id: string; now: Tab }) {
  const query = address.value.query;
  return (
    <nav class="tabs" aria-label="Views of the experiment">
      {TABS.map(([tab, label, icon]) => {
        const params = new URLSearchParams(query);
        params.delete("tab");
        if (tab !== "table") params.set("tab", tab);
        const text = params.toString();
        return (
          <a
            key={tab}
            href={`#/experiments/${id}${text ? `?${text}` : ""}`}
            {...(now === tab ? { "aria-current": "page" as const } : {})}
          >
            <Icon name={icon} size={14} />
            {label}
          </a>
        );
      })}
    </nav>
  );
}

function Toggle(p: { label: string; icon: IconName; name: string; on: boolean }) {
  return (
    <Button
      label={p.label}
      icon={p.icon}
      active={p.on}
      onClick={() => setQuery({ [p.name]: p.on ? undefined : "1" })}
    />
  );
}
