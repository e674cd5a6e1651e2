/** Two to many runs side by side: what differs, their charts, their images. */

import { useMemo } from "preact/hooks";
import { keysOf, summary } from "../api/overview";
import type { MetricReply, Run, RunInfo } from "../api/schema";
import { getRun } from "../api/tracking";
import { LineBoard } from "../charts/board";
import { set, useChartSettings } from "../charts/settings";
import { CompareImages } from "../compare/images";
import { clock, duration, number } from "../format";
import { Button, Empty, Failure, Loading, SearchField, Segmented, Status } from "../parts/basics";
import { Differences, type DiffRow } from "../parts/differences";
import { Head } from "../parts/head";
import { runColors } from "../runs/colors";
import { keyTest } from "../runs/columns";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";
import { address, href, setQuery } from "../state/router";
import { rowsOf } from "./versions";

interface Side {
  run: Run;
  metrics: MetricReply[];
}

type Tab = "values" | "charts" | "images";

/** The runs to compare; MLflow's own links carry them as a JSON list. */
function chosenRuns(): string[] {
  const query = address.value.query;
  const listed = query.get("runs");
  if (!listed?.startsWith("[")) return query.getAll("run");
  try {
    return JSON.parse(listed) as string[];
  } catch {
    return [];
  }
}

export function ComparePage() {
  const ids = chosenRuns();
  const { data, error, reload } = useAsync(
    (signal) =>
      Promise.all(
        ids.map(async (id): Promise<Side> => {
          const [run, metrics] = await Promise.all([getRun(id, signal), summary(id, signal)]);
          return { run, metrics };
        }),
      ),
    [ids.join()],
  );
  useLive("run:", (topics) => {
    if (!topics || topics.some((t) => ids.includes(t.split(":")[2] ?? ""))) reload();
  });
  if (ids.length < 2) {
    return (
      <Empty title="Choose two or more runs to compare" icon="compare">
        <p>Tick them in the table of an experiment, then press Compare.</p>
      </Empty>
    );
  }
  if (error !== undefined && !data)
    return (
      <Failure error={error} retry={reload} instead={["All experiments", href(["experiments"])]} />
    );
  if (!data) return <Loading />;
  const tab = (address.value.query.get("tab") ?? "values") as Tab;
  const experiments = [...new Set(data.map((side) => side.run.info.experiment_id))];
  return (
    <>
      <Head
        title={`${data.length} runs`}
        crumbs={[
          ["Experiments", href(["experiments"])],
          ["Compare", href(["experiments", experiments[0] ?? ""])],
        ]}
      >
        <Segmented
          label="What to compare"
          value={tab}
          options={[
            ["values", "Values"],
            ["charts", "Charts"],
            ["images", "Images"],
          ]}
          onChange={(value) => setQuery({ tab: value === "values" ? undefined : value })}
        />
      </Head>
      {tab === "values" && <Values sides={data} />}
      {tab === "charts" && <Charts sides={data} experiments={experiments} />}
      {tab === "images" && <CompareImages runs={data.map((side) => side.run.info)} />}
    </>
  );
}

function tookOf({ start_time, end_time }: RunInfo): string {
  return start_time ? duration((end_time ?? Date.now()) - start_time) : "";
}

function factRows(sides: Side[]): DiffRow[] {
  return rowsOf(
    sides.map(({ run: { info } }) => [
      { key: "Status", value: info.status.toLowerCase() },
      { key: "Started", value: clock(info.start_time) },
      { key: "Duration", value: tookOf(info) },
      { key: "User", value: info.user_id },
    ]),
  );
}

/** Last values, the lowest and highest of each row marked. */
function metricRows(sides: Side[], field: "last" | "min" | "max"): DiffRow[] {
  const keys = [...new Set(sides.flatMap((s) => s.metrics.map((m) => m.key)))].sort();
  return keys.map((key) => {
    const found = sides.map((s) => s.metrics.find((m) => m.key === key)?.[field]);
    const numbers = found.map(Number).filter((n) => Number.isFinite(n));
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    return {
      key,
      values: found.map((v) => (v === undefined || v === null ? undefined : String(v))),
      shown: found.map((v) => {
        if (v === undefined || v === null) return "–";
        const share = high > low ? ((Number(v) - low) / (high - low)) * 48 : 0;
        return (
          <span key={key}>
            {number(v, 6)}
            {high > low && (
              <svg class="range" width="48" height="4" aria-hidden="true">
                <rect width="48" height="4" rx="2" />
                <circle cx={share} cy="2" r="2.5" />
              </svg>
            )}
          </span>
        );
      }),
    };
  });
}

function Values({ sides }: { sides: Side[] }) {
  const colors = runColors(sides.map((s) => s.run.info.run_id));
  const query = address.value.query;
  const only = query.get("same") !== "1";
  const text = query.get("search") ?? "";
  const field = (query.get("field") ?? "last") as "last" | "min" | "max";
  const test = useMemo(() => keyTest(text), [text]);
  const matching = (rows: DiffRow[]) => rows.filter((row) => test(row.key));
  const tags = sides.map((s) =>
    (s.run.data.tags ?? []).filter((t) => !t.key.startsWith("mlflow.")),
  );
  return (
    <>
      <div class="toolbar">
        <SearchField
          value={text}
          placeholder="Search keys, by regex"
          onInput={(search) => setQuery({ search })}
        />
        <Segmented
          label="Which value of metrics"
          value={field}
          options={[
            ["last", "Last"],
            ["min", "Lowest"],
            ["max", "Highest"],
          ]}
          onChange={(value) => setQuery({ field: value })}
        />
        <Button
          label="Only differences"
          active={only}
          onClick={() => setQuery({ same: only ? "1" : undefined })}
        />
      </div>
      <div class="page-body flush">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
        <div class="scroll" tabIndex={0}>
          <table class="list dense diff">
            <thead>
              <tr>
                <th>
                  <span class="hidden">Key</span>
                </th>
                {sides.map(({ run: { info } }) => (
                  <th key={info.run_id}>
                    <span class="diff-run">
                      <i class="swatch" style={{ background: colors.get(info.run_id) }} />
                      <Status status={info.status} />
                      <a
                        class="link ellipsis"
                        href={href(["experiments", info.experiment_id, "runs", info.run_id])}
                      >
                        {info.run_name}
                      </a>
                    </span>
                  </th>
                ))}
              </tr>
            </thead>
            <Differences title="Run" rows={matching(factRows(sides))} onlyDifferent={false} />
            <Differences
              title="Params"
              rows={matching(rowsOf(sides.map((s) => s.run.data.params ?? [])))}
              onlyDifferent={only}
            />
            <Differences
              title="Metrics"
              rows={matching(metricRows(sides, field))}
              onlyDifferent={only}
              numeric
            />
            <Differences title="Tags" rows={matching(rowsOf(tags))} onlyDifferent={only} />
          </table>
        </div>
      </div>
    </>
  );
}

function Charts({ sides, experiments }: { sides: Side[]; experiments: string[] }) {
  const settings = useChartSettings();
  const keys = useAsync((signal) => keysOf(experiments, signal), [experiments.join()]);
  const shape = sides.map((s) => s.run.info.run_id).join();
  const runs = useMemo(
    () =>
      sides.map(({ run: { info } }) => ({
        id: info.run_id,
        name: info.run_name,
        color: runColors(sides.map((s) => s.run.info.run_id)).get(info.run_id) ?? "",
        start: info.start_time,
        group: "",
      })),
    [shape],
  );
  const logged = useMemo(() => {
    const own = new Set(sides.flatMap((s) => s.metrics.map((m) => m.key)));
    return (keys.data?.metrics ?? []).filter((key) => own.has(key));
  }, [keys.data, shape]);
  if (!keys.data) return <Loading />;
  return (
    <>
      <div class="toolbar">
        <label class="slider">
          Smoothing
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            value={settings.smooth}
            onInput={(event) => set("smooth", Number(event.currentTarget.value) || undefined)}
          />
          <output>{settings.smooth.toFixed(2)}</output>
        </label>
        <Button label="Log y" active={settings.logY} onClick={() => set("logy", !settings.logY)} />
        <SearchField
          value={settings.search}
          placeholder="Metrics, by regex"
          onInput={(text) => set("metric", text || undefined)}
        />
      </div>
      <div class="board">
        <div class="legend">
          {runs.map((run) => (
            <span key={run.id} class="legend-item">
              <i class="swatch" style={{ background: run.color }} />
              <span class="ellipsis">{run.name}</span>
            </span>
          ))}
        </div>
        <LineBoard experiments={experiments} metrics={logged} runs={runs} settings={settings} />
      </div>
    </>
  );
}
