/** All experiments: search, counts, last activity; create, rename, describe, delete. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { activity } from "../api/overview";
import type { ActivityReply, Experiment } from "../api/schema";
import { deleteExperiment, restoreExperiment, searchExperiments, VIEW } from "../api/tracking";
import { ago, clock, count } from "../format";
import { Button, Chip, Empty, Failure, Loading, SearchField, Snippet } from "../parts/basics";
import { Menu } from "../parts/dialog";
import { Head } from "../parts/head";
import { firstLine } from "../parts/markdown";
import { useAsync } from "../state/async";
import { useShortcuts } from "../state/keyboard";
import { useLive } from "../state/live";
import { address, href, setQuery } from "../state/router";
import { attempt } from "../state/toast";
import { DESCRIPTION, ExperimentDialog } from "./experiment-dialog";

interface Row {
  experiment: Experiment;
  runs: number;
  running: number;
  latest: number;
}

/** Rows to begin with: a search finds the others sooner than scrolling would. */
const MOST_ROWS = 400;

type Sort = "name" | "runs" | "latest";

async function load(signal: AbortSignal): Promise<Row[]> {
  const [experiments, active] = await Promise.all([
    searchExperiments(VIEW.active, signal),
    activity([], signal),
  ]);
  const found = new Map(active.map((a) => [a.experiment_id, a]));
  return experiments.map((experiment) => rowOf(experiment, found.get(experiment.experiment_id)));
}

function rowOf(experiment: Experiment, a: ActivityReply | undefined): Row {
  const latest = Math.max(a?.latest ?? 0, experiment.last_update_time ?? 0);
  return { experiment, runs: a?.runs ?? 0, running: a?.running ?? 0, latest };
}

/** The list, and how it is kept up to date: what runs do is asked for of their experiments only. */
function useRows() {
  const { data, error, reload } = useAsync(load, []);
  const [fresh, setFresh] = useState(new Map<string, ActivityReply | undefined>());
  useEffect(() => setFresh(new Map()), [data]);
  useLive(
    "",
    (topics) => {
      if (!topics || topics.some((topic) => topic.startsWith("experiment:"))) return reload();
      const runs = topics.filter((topic) => topic.startsWith("run:"));
      const ids = [...new Set(runs.map((topic) => topic.split(":")[1] ?? ""))];
      if (ids.length === 0) return;
      activity(ids).then((found) => {
        const changes = ids.map((id) => [id, found.find((a) => a.experiment_id === id)] as const);
        setFresh((old) => new Map([...old, ...changes]));
      }, reload);
    },
    1500,
  );
  const rows = useMemo(
    () =>
      data?.map((row) => {
        const id = row.experiment.experiment_id;
        return fresh.has(id) ? rowOf(row.experiment, fresh.get(id)) : row;
      }),
    [data, fresh],
  );
  return { data: rows, error, reload };
}

const ORDER: Record<Sort, (a: Row, b: Row) => number> = {
  name: (a, b) => a.experiment.name.localeCompare(b.experiment.name),
  runs: (a, b) => b.runs - a.runs,
  latest: (a, b) => b.latest - a.latest,
};

export function shownTags(experiment: Experiment) {
  return (experiment.tags ?? []).filter(
    (t) => !t.key.startsWith("mlflow.") && !t.key.startsWith("milepost."),
  );
}

function matches(row: Row, words: string[]): boolean {
  const tags = shownTags(row.experiment).map((t) => `${t.key}=${t.value}`);
  const text = [row.experiment.name, row.experiment.experiment_id, ...tags].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

export function ExperimentsPage() {
  const { data, error, reload } = useRows();
  const query = address.value.query;
  const text = query.get("q") ?? "";
  const sort = (query.get("sort") ?? "latest") as Sort;
  const [dialog, setDialog] = useState<Experiment | "new" | null>(null);
  const [most, setMost] = useState(MOST_ROWS);
  const rows = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return (data ?? []).filter((row) => matches(row, words)).sort(ORDER[sort] ?? ORDER.latest);
  }, [data, text, sort]);
  useShortcuts([{ keys: "c", label: "New experiment", run: () => setDialog("new") }]);
  const remove = async (experiment: Experiment) => {
    const id = experiment.experiment_id;
    const undo = () => void attempt("Restored", () => restoreExperiment(id)).then(reload);
    if (await attempt(`“${experiment.name}” is in the trash`, () => deleteExperiment(id), undo)) {
      reload();
    }
  };
  return (
    <>
      <Head title="Experiments">
        <SearchField
          id="search"
          value={text}
          placeholder="Search names and tags"
          onInput={(q) => setQuery({ q })}
        />
        <Button
          label="New experiment"
          icon="plus"
          kind="primary"
          onClick={() => setDialog("new")}
        />
      </Head>
      <div class="page-body flush">
        {error !== undefined && <Failure error={error} retry={reload} />}
        {!data && error === undefined && <Loading />}
        {data && rows.length > 0 && (
          <div class="scroll">
            <table class="list">
              <thead>
                <tr>
                  <SortHead label="Name" sort="name" now={sort} />
                  <SortHead label="Runs" sort="runs" now={sort} end />
                  <th class="end">Running</th>
                  <SortHead label="Last activity" sort="latest" now={sort} />
                  <th>Tags</th>
                  <th>
                    <span class="hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.slice(0, most).map((row) => (
                  <ExperimentRow
                    key={row.experiment.experiment_id}
                    row={row}
                    onEdit={() => setDialog(row.experiment)}
                    onDelete={() => remove(row.experiment)}
                  />
                ))}
              </tbody>
            </table>
            {rows.length > most && (
              <div class="more">
                <Button
                  label={`Show ${count(rows.length - most)} more`}
                  onClick={() => setMost(rows.length)}
                />
              </div>
            )}
          </div>
        )}
        {data && rows.length === 0 && <Nothing text={text} />}
      </div>
      {dialog && (
        <ExperimentDialog
          experiment={dialog === "new" ? null : dialog}
          onClose={() => setDialog(null)}
          onDone={reload}
        />
      )}
    </>
  );
}

function SortHead(p: { label: string; sort: Sort; now: Sort; end?: boolean }) {
  return (
    <th class={p.end ? "end" : ""} aria-sort={p.sort === p.now ? "descending" : "none"}>
      <button type="button" class="sort" onClick={() => setQuery({ sort: p.sort })}>
        {p.label}
        {p.sort === p.now && <span aria-hidden="true">{p.sort === "name" ? " ↑" : " ↓"}</span>}
      </button>
    </th>
  );
}

interface RowProps {
  row: Row;
  onEdit: () => void;
  onDelete: () => void;
}

function ExperimentRow({ row, onEdit, onDelete }: RowProps) {
  const { experiment } = row;
  const target = href(["experiments", experiment.experiment_id]);
  const description = experiment.tags?.find((t) => t.key === DESCRIPTION)?.value;
  return (
    <tr class="list-row">
      <td class="name">
        <a href={target} title={experiment.name}>
          {experiment.name}
        </a>
        {description && <span class="muted ellipsis">{firstLine(description)}</span>}
      </td>
      <td class="end num">{count(row.runs)}</td>
      <td class="end num">
        {row.running > 0 && (
          <span class="status running">
            <i class="dot" />
            {count(row.running)}
          </span>
        )}
      </td>
      <td class="muted" title={clock(row.latest)}>
        {ago(row.latest)}
      </td>
      <td>
        <div class="chips">
          {shownTags(experiment).map((t) => (
            <Chip key={t.key} text={t.value ? `${t.key}: ${t.value}` : t.key} />
          ))}
        </div>
      </td>
      <td class="end">
        <Menu
          label={`Actions for ${experiment.name}`}
          items={[
            { label: "Rename or describe", icon: "edit", run: onEdit },
            { label: "Move to trash", icon: "trash", danger: true, run: onDelete },
          ]}
        />
      </td>
    </tr>
  );
}

function Nothing({ text }: { text: string }) {
  if (text) {
    return (
      <Empty title={`No experiment matches “${text}”`} icon="search">
        <Button label="Show all" onClick={() => setQuery({ q: undefined })} />
      </Empty>
    );
  }
  const code = `import mlflow

mlflow.set_tracking_uri("${new URL(".", document.baseURI).href.replace(/\/$/, "")}")
mlflow.set_experiment("my first experiment")

with mlflow.start_run():
    mlflow.log_param("learning_rate", 0.01)
    mlflow.log_metric("loss", 0.42, step=1)`;
  return (
    <Empty title="Nothing has been logged yet" icon="flask">
      <p>Log a run from Python. It appears here by itself.</p>
      <Snippet code={code} />
    </Empty>
  );
}
