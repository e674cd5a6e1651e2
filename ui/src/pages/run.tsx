/** One run: what it logged, its charts, system metrics and artifacts; live while it runs. */

import { useEffect, useState } from "preact/hooks";
import { summary } from "../api/overview";
import type { LoggedModel, MetricReply, Run } from "../api/schema";
import { deleteRun, getExperiment, getRun, modelsOf, renameRun, restoreRun } from "../api/tracking";
import { clock, duration } from "../format";
import { Failure, Loading, Status } from "../parts/basics";
import { Field, FormDialog, Menu } from "../parts/dialog";
import { Head, InTrash } from "../parts/head";
import { Icon, type IconName } from "../parts/icon";
import { Artifacts } from "../run/artifacts";
import { RunCharts } from "../run/charts";
import { RunOverview } from "../run/overview";
import { useAsync } from "../state/async";
import { useShortcuts } from "../state/keyboard";
import { useLive } from "../state/live";
import { address, go, href, segments } from "../state/router";
import { attempt } from "../state/toast";

type Tab = "overview" | "charts" | "system" | "artifacts";

const TABS: [Tab, string, IconName][] = [
  ["overview", "Overview", "file"],
  ["charts", "Charts", "chart"],
  ["system", "System", "pulse"],
  ["artifacts", "Artifacts", "folder"],
];

/** The tab, also by the names that MLflow's links use. */
function currentTab(): Tab {
  const named = address.value.query.get("tab") ?? segments.value[4] ?? "";
  if (named.startsWith("artifact")) return "artifacts";
  if (named.startsWith("system")) return "system";
  return named === "charts" || named === "model-metrics" ? "charts" : "overview";
}

export function RunPage({ id }: { id: string }) {
  const run = useAsync((signal) => getRun(id, signal), [id]);
  const metrics = useAsync((signal) => summary(id, signal), [id]);
  const info = run.data?.info;
  const models = useAsync(
    async (signal) => (info ? modelsOf(info, signal) : []),
    [info?.run_id, info?.status, run.data?.outputs?.model_outputs?.length],
  );
  const experimentId = run.data?.info.experiment_id ?? segments.value[1] ?? "";
  const experiment = useAsync((signal) => getExperiment(experimentId, signal), [experimentId]);
  useLive(`run:${experimentId}:${id}`, () => {
    run.reload();
    metrics.reload();
  });
  useShortcuts([
    {
      keys: "u",
      label: "Up to the experiment",
      run: () => go(href(["experiments", experimentId])),
    },
  ]);
  if (run.error !== undefined && !run.data)
    return (
      <Failure
        error={run.error}
        retry={run.reload}
        instead={["All experiments", href(["experiments"])]}
      />
    );
  if (!run.data) return <Loading />;
  const tab = currentTab();
  return (
    <>
      <RunHead run={run.data} experiment={experiment.data?.name ?? ""} onChanged={run.reload} />
      <nav class="tabs" aria-label="Views of the run">
        {TABS.map(([name, label, icon]) => (
          <a
            key={name}
            href={href(
              ["experiments", experimentId, "runs", id],
              name === "overview" ? {} : { tab: name },
            )}
            {...(tab === name ? { "aria-current": "page" as const } : {})}
          >
            <Icon name={icon} size={14} />
            {label}
          </a>
        ))}
      </nav>
      <Body
        run={run.data}
        tab={tab}
        metrics={metrics.data ?? []}
        models={models.data ?? []}
        onChanged={run.reload}
      />
    </>
  );
}

interface BodyProps {
  run: Run;
  tab: Tab;
  metrics: MetricReply[];
  models: LoggedModel[];
  onChanged: () => void;
}

function Body({ run, tab, metrics, models, onChanged }: BodyProps) {
  const system = (key: string) => key.startsWith("system/");
  if (tab === "overview") {
    return (
      <div class="page-body">
        <RunOverview run={run} metrics={metrics} models={models} onChanged={onChanged} />
      </div>
    );
  }
  if (tab === "artifacts") return <Artifacts info={run.info} models={models} />;
  const keys = metrics.map((m) => m.key).filter((key) => system(key) === (tab === "system"));
  return <RunCharts run={run} keys={keys} system={tab === "system"} />;
}

interface HeadProps {
  run: Run;
  experiment: string;
  onChanged: () => void;
}

function RunHead({ run, experiment, onChanged }: HeadProps) {
  const { info } = run;
  const [renaming, setRenaming] = useState(false);
  const deleted = info.lifecycle_stage === "deleted";
  const home = href(["experiments", info.experiment_id]);
  const parent = run.data.tags?.find((t) => t.key === "mlflow.parentRunId")?.value;
  const remove = async () => {
    const undo = () => void attempt("Restored", () => restoreRun(info.run_id)).then(onChanged);
    if (await attempt("The run is in the trash", () => deleteRun(info.run_id), undo)) onChanged();
  };
  const restore = async () => {
    if (await attempt("Restored", () => restoreRun(info.run_id))) onChanged();
  };
  const trash = { label: "Move to trash", icon: "trash", danger: true, run: remove } as const;
  const crumbs: [string, string][] = [
    ["Experiments", href(["experiments"])],
    [experiment || info.experiment_id, home],
  ];
  if (parent)
    crumbs.push(["Parent run", href(["experiments", info.experiment_id, "runs", parent])]);
  return (
    <>
      <Head
        title={info.run_name || info.run_id}
        crumbs={crumbs}
        before={<Status status={info.status} />}
      >
        {deleted && <InTrash onRestore={restore} />}
        <Elapsed run={run} />
        <Menu
          label="Actions for the run"
          items={[
            { label: "Rename", icon: "edit", run: () => setRenaming(true) },
            ...(deleted ? [] : [trash]),
          ]}
        />
      </Head>
      {renaming && (
        <RenameDialog run={run} onClose={() => setRenaming(false)} onChanged={onChanged} />
      )}
    </>
  );
}

/** How long the run took, or has been going on. */
function Elapsed({ run }: { run: Run }) {
  const { start_time, end_time, status } = run.info;
  const [now, setNow] = useState(Date.now());
  const live = end_time === undefined && status === "RUNNING";
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [live]);
  if (!start_time) return null;
  return (
    <span class="muted" title={`${clock(start_time)} to ${end_time ? clock(end_time) : "now"}`}>
      {duration((end_time ?? now) - start_time)}
    </span>
  );
}

function RenameDialog(p: { run: Run; onClose: () => void; onChanged: () => void }) {
  const [name, setName] = useState(p.run.info.run_name);
  const rename = async () => {
    const done = await attempt("Renamed", () => renameRun(p.run.info.run_id, name.trim()));
    if (done) p.onChanged();
    return done;
  };
  return (
    <FormDialog title="Rename the run" action="Rename" onSubmit={rename} onClose={p.onClose}>
      <Field label="Name">
        <input
          class="text"
          required
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </Field>
    </FormDialog>
  );
}
