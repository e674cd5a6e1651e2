/** The charts of an experiment: a card for each metric in sections, or comparisons over runs. */

import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { table } from "../api/overview";
import type { ColumnMessage, KeysReply, TableReply } from "../api/schema";
import { count } from "../format";
import { Button, Empty, Failure, Loading, SearchField, Segmented } from "../parts/basics";
import { columnLabel } from "../runs/cells";
import { colorAt, runColors } from "../runs/colors";
import { asColumn, keyTest, orderBy } from "../runs/columns";
import { useRefusal } from "../runs/refusal";
import type { ViewState } from "../runs/state";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";
import { ChartCard } from "./chart-card";
import { Comparison } from "./comparison";
import type { Shared } from "./line-chart";
import { type BoardRun, groupNames } from "./lines";
import { arranged, remember } from "./order";
import { Section } from "./section";
import { type ChartKind, type ChartSettings, RUN_LIMITS, set, useChartSettings } from "./settings";
import { CurveStore } from "./store";
import "../styles/charts.css";

export interface ChartsProps {
  experiments: string[];
  keys: KeysReply;
  view: ViewState;
  selected: Set<string>;
  onFilterError: (message: string) => void;
}

const MOST_NAMED = 5;

const KINDS: readonly (readonly [ChartKind, string])[] = [
  ["lines", "Lines"],
  ["scatter", "Scatter"],
  ["bar", "Bars"],
  ["parallel", "Parallel"],
  ["contour", "Heat map"],
];

function boardRuns(reply: TableReply, groups: string[]): BoardRun[] {
  const colors = runColors(reply.rows.map((row) => row.run_id));
  return reply.rows.map((row, i) => ({
    id: row.run_id,
    name: row.name,
    color: colors.get(row.run_id) ?? "",
    start: row.start_time,
    group: groups
      .map((id, j) => `${columnLabel(id)} ${reply.cells[j]?.[i] ?? "not set"}`)
      .join(" · "),
  }));
}

export function ChartBoard({ experiments, keys, view, selected, onFilterError }: ChartsProps) {
  const settings = useChartSettings();
  const ids = [...selected].filter(Boolean);
  const shape = JSON.stringify([
    experiments,
    view.filter,
    view.sort,
    view.deleted,
    view.groups,
    settings.runs,
    ids,
  ]);
  const { data, error, reload } = useAsync(
    async (signal) => {
      const query = {
        experiment_ids: experiments,
        filter: view.filter,
        order_by: orderBy(view.sort),
        run_view_type: view.deleted ? 2 : 1,
        limit: settings.runs,
        columns: view.groups.flatMap((id) => asColumn(id) ?? []) as ColumnMessage[],
        counted: ids.length === 0,
      } as const;
      const reply = await table(ids.length ? { ...query, run_ids: ids } : query, signal);
      return { runs: boardRuns(reply, view.groups), total: reply.total ?? reply.rows.length };
    },
    [shape],
  );
  if (useRefusal(error, onFilterError)) return null;
  if (error !== undefined && !data) return <Failure error={error} retry={reload} />;
  return (
    <>
      <Controls settings={settings} groups={view.groups.length > 0} />
      <div class="board">
        {!data && <Loading />}
        {data && settings.kind === "lines" && (
          <>
            <Legend
              runs={data.runs}
              total={data.total}
              selected={ids.length > 0}
              settings={settings}
            />
            <LineBoard
              experiments={experiments}
              metrics={keys.metrics}
              runs={data.runs}
              settings={settings}
              onNewRuns={reload}
            />
          </>
        )}
        {data && settings.kind !== "lines" && (
          <Comparison
            experiments={experiments}
            keys={keys}
            view={view}
            settings={settings}
            selected={ids}
          />
        )}
      </div>
    </>
  );
}

interface LegendProps {
  runs: BoardRun[];
  total: number;
  selected: boolean;
  settings: ChartSettings;
}

function Legend(p: LegendProps) {
  const groups = groupNames(p.runs);
  const hasGroups = groups.some((name) => name !== "");
  const shown = hasGroups
    ? groups.map((name, i) => [name, name, colorAt(i)] as const)
    : p.runs.map((run) => [run.id, run.name, run.color] as const);
  return (
    <div class="legend">
      <span class="muted">
        {p.selected
          ? `${count(p.runs.length)} selected runs`
          : `${count(p.runs.length)} of ${count(p.total)} runs`}
      </span>
      {shown.slice(0, MOST_NAMED).map(([id, name, color]) => (
        <span key={id} class="legend-item">
          <i class="swatch" style={{ background: color }} />
          <span class="ellipsis">{name}</span>
        </span>
      ))}
      {shown.length > MOST_NAMED && (
        <span class="muted">and {count(shown.length - MOST_NAMED)} more</span>
      )}
      <span class="grow" />
      <SearchField
        value={p.settings.search}
        placeholder="Metrics, by regex"
        onInput={(text) => set("metric", text || undefined)}
      />
      <Segmented
        label="Size of charts"
        value={p.settings.size}
        options={[
          ["s", "S"],
          ["m", "M"],
          ["l", "L"],
        ]}
        onChange={(size) => set("size", size)}
      />
    </div>
  );
}

function Controls({ settings, groups }: { settings: ChartSettings; groups: boolean }) {
  return (
    <div class="toolbar">
      <Segmented
        label="Kind of chart"
        value={settings.kind}
        options={KINDS}
        onChange={(kind) => set("kind", kind === "lines" ? undefined : kind)}
      />
      {settings.kind === "lines" && (
        <>
          <Segmented
            label="Horizontal axis"
            value={settings.x}
            options={[
              ["step", "Step"],
              ["relative", "Relative"],
              ["time", "Wall time"],
            ]}
            onChange={(x) => set("x", x === "step" ? undefined : x)}
          />
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
          <Button
            label="Log y"
            active={settings.logY}
            onClick={() => set("logy", !settings.logY)}
          />
          {settings.x === "step" && (
            <Button
              label="Log x"
              active={settings.logX}
              onClick={() => set("logx", !settings.logX)}
            />
          )}
          <Button
            label="Best"
            icon="star"
            active={settings.best}
            onClick={() => set("best", !settings.best)}
          />
          {groups && (
            <Segmented
              label="Band around the mean"
              value={settings.band}
              options={[
                ["std", "± std"],
                ["range", "Min to max"],
                ["none", "No band"],
              ]}
              onChange={(band) => set("band", band)}
            />
          )}
        </>
      )}
      <span class="grow" />
      <label class="slider">
        Runs
        <select value={settings.runs} onChange={(event) => set("runs", event.currentTarget.value)}>
          {RUN_LIMITS.map((limit) => (
            <option key={limit} value={limit}>
              {limit}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

interface LineBoardProps {
  experiments: string[];
  metrics: string[];
  runs: BoardRun[];
  settings: ChartSettings;
  onNewRuns?: () => void;
}

/** Fewer points a line, the more lines there are: no more than a screen can show. */
function pointsFor(runs: number): number {
  return runs <= 20 ? 1000 : runs <= 100 ? 500 : 250;
}

export function LineBoard({ experiments, metrics, runs, settings, onNewRuns }: LineBoardProps) {
  const times = settings.x !== "step";
  const runKey = runs.map((run) => run.id).join();
  const hasGroups = runs.some((run) => run.group !== "");
  const store = useMemo(() => {
    const ids = runs.map((run) => run.id);
    return new CurveStore(ids, times, pointsFor(runs.length), hasGroups);
  }, [runKey, times, hasGroups]);
  useEffect(() => () => store.stop(), [store]);
  const shared = useMemo<Shared>(() => ({ zoom: signal(null), hover: signal(null) }), [settings.x]);
  const [turn, setTurn] = useState(0);
  const scope = experiments.join();
  const sections = useMemo(() => {
    const test = keyTest(settings.search);
    return arranged(scope, metrics)
      .map(([name, keys]) => [name, keys.filter((key) => test(key))] as const)
      .filter(([, keys]) => keys.length > 0);
  }, [metrics, settings.search, scope, turn]);
  useLive(`run:${experiments[0]}:`, (topics) => {
    const known = new Set(runs.map((run) => run.id));
    const changed = topics?.map((topic) => topic.split(":")[2] ?? "") ?? [...known];
    if (changed.some((id) => !known.has(id))) onNewRuns?.();
    const mine = changed.includes("*") ? [...known] : changed;
    void store.advance(mine).catch(() => undefined);
  });
  if (metrics.length === 0) {
    return (
      <Empty title="No metrics yet" icon="chart">
        <p>Charts appear when a run logs its first metric.</p>
      </Empty>
    );
  }
  if (runs.length === 0) {
    return (
      <Empty title="No runs to show" icon="filter">
        <p>None passes the filter.</p>
      </Empty>
    );
  }
  if (sections.length === 0) return <Empty title="No metric matches" icon="search" />;
  const drop = (moved: string, target: string) => {
    remember(scope, moved, target, metrics);
    setTurn(turn + 1);
  };
  const card = (key: string) => (
    <ChartCard
      key={key}
      name={key}
      runs={runs}
      store={store}
      settings={settings}
      shared={shared}
      onDropOn={drop}
    />
  );
  return (
    <>
      {sections.map(([name, keys]) => (
        <Section key={name} name={name} keys={keys} size={settings.size} card={card} />
      ))}
    </>
  );
}
