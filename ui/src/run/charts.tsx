/** The charts of one run: a line for each metric, system metrics apart. */

import { useMemo } from "preact/hooks";
import type { Run } from "../api/schema";
import { LineBoard } from "../charts/board";
import { type ChartSettings, set, useChartSettings } from "../charts/settings";
import { Button, Empty, SearchField, Segmented, Snippet } from "../parts/basics";
import { runColor } from "../runs/colors";

interface Props {
  run: Run;
  keys: string[];
  system: boolean;
}

export function RunCharts({ run, keys, system }: Props) {
  const chosen = useChartSettings();
  const x = system && chosen.x === "step" ? "relative" : chosen.x;
  const settings = useMemo<ChartSettings>(() => ({ ...chosen, x }), [chosen, x]);
  const { run_id, run_name, start_time, experiment_id } = run.info;
  const runs = useMemo(
    () => [{ id: run_id, name: run_name, color: runColor(run_id), start: start_time, group: "" }],
    [run_id, run_name, start_time],
  );
  if (keys.length === 0) return <NoCharts system={system} />;
  return (
    <>
      <div class="toolbar">
        {!system && (
          <Segmented
            label="Horizontal axis"
            value={settings.x}
            options={[
              ["step", "Step"],
              ["relative", "Relative"],
              ["time", "Wall time"],
            ]}
            onChange={(value) => set("x", value === "step" ? undefined : value)}
          />
        )}
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
        <Button
          label="Best"
          icon="star"
          active={settings.best}
          onClick={() => set("best", !settings.best)}
        />
        <span class="grow" />
        <SearchField
          value={settings.search}
          placeholder="Metrics, by regex"
          onInput={(text) => set("metric", text || undefined)}
        />
      </div>
      <div class="board">
        <LineBoard experiments={[experiment_id]} metrics={keys} runs={runs} settings={settings} />
      </div>
    </>
  );
}

function NoCharts({ system }: { system: boolean }) {
  if (system) {
    const code = `pip install psutil pynvml

import mlflow
mlflow.enable_system_metrics_logging()`;
    return (
      <Empty title="No system metrics" icon="pulse">
        <p>Turn them on where the training runs to see CPU, memory and GPU here.</p>
        <Snippet code={code} />
      </Empty>
    );
  }
  return (
    <Empty title="No metrics yet" icon="chart">
      <p>They appear here as the run logs them.</p>
      <Snippet code={'mlflow.log_metric("loss", loss, step=step)'} />
    </Empty>
  );
}
