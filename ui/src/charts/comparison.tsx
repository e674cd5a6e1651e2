/** Charts over runs instead of steps: scatter, bars, parallel coordinates, heat map. */

import { useMemo, useState } from "preact/hooks";
import { table } from "../api/overview";
import type { ColumnMessage, KeysReply } from "../api/schema";
import { number } from "../format";
import { Button, Empty, Failure, Loading } from "../parts/basics";
import { columnLabel } from "../runs/cells";
import { runColors } from "../runs/colors";
import { asColumn, columnId, orderBy, parseColumn } from "../runs/columns";
import type { ViewState } from "../runs/state";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";
import { address, go, href, setQuery } from "../state/router";
import { rangeOf } from "./axis";
import { BarChart } from "./bar";
import { svgOf } from "./canvas";
import { ContourChart } from "./contour";
import { csv, fileName, save } from "./export";
import { ParallelChart } from "./parallel";
import type { Sample } from "./sample";
import { ScatterChart } from "./scatter";
import type { ChartSettings } from "./settings";

interface Props {
  experiments: string[];
  keys: KeysReply;
  view: ViewState;
  settings: ChartSettings;
  selected: string[];
}

const WIDTH = { scatter: 3, bar: 1, parallel: 8, contour: 3, lines: 0 };
const ROLES = {
  scatter: ["x", "y", "colour"],
  bar: ["metric"],
  contour: ["x", "y", "value"],
  parallel: [],
  lines: [],
};

function defaults(keys: KeysReply, kind: ChartSettings["kind"]): string[] {
  const metrics = keys.metrics.filter((key) => !key.startsWith("system/"));
  const telling = metrics.find((key) => /val.*(loss|acc)|loss|acc/.test(key)) ?? metrics[0];
  const metric = telling ? [columnId("metric", telling)] : [];
  const params = keys.params.map((key) => columnId("param", key));
  const others = metrics.filter((key) => key !== telling).map((key) => columnId("metric", key));
  if (kind === "bar") return metric;
  if (kind === "parallel") return [...params.slice(0, 5), ...metric];
  const [first, second] = [...params, ...others];
  return [
    ...(first ? [first] : []),
    ...(kind === "contour" ? (second ? [second] : []) : []),
    ...metric,
  ].slice(0, 3);
}

export function Comparison({ experiments, keys, view, settings, selected }: Props) {
  const { kind } = settings;
  const chosen = address.value.query.getAll("axis").filter((id) => parseColumn(id));
  const columns = (chosen.length ? chosen : defaults(keys, kind)).slice(0, WIDTH[kind]);
  const shape = JSON.stringify([experiments, columns, view, settings.runs, selected]);
  const { data, error, reload } = useAsync(
    async (signal) => {
      const query = {
        experiment_ids: experiments,
        filter: view.filter,
        order_by: orderBy(view.sort),
        run_view_type: view.deleted ? 2 : 1,
        limit: Math.max(settings.runs, 1),
        columns: columns.flatMap((id) => asColumn(id) ?? []) as ColumnMessage[],
      } as const;
      const reply = await table(selected.length ? { ...query, run_ids: selected } : query, signal);
      const colors = runColors(reply.rows.map((row) => row.run_id));
      return reply.rows.map(
        (row, i): Sample => ({
          id: row.run_id,
          experiment: row.experiment_id,
          name: row.name,
          color: colors.get(row.run_id) ?? "",
          values: columns.map((_, j) => (reply.cells[j]?.[i] ?? null) as Sample["values"][number]),
        }),
      );
    },
    [shape],
  );
  useLive(`run:${experiments[0]}:`, reload, 3000);
  const open = (sample: Sample) => go(href(["experiments", sample.experiment, "runs", sample.id]));
  const exportCsv = () => {
    const rows = (data ?? []).map((s) => [s.id, s.name, ...s.values.map((v) => v ?? "")]);
    save(fileName(kind, "csv"), csv([["run_id", "run", ...columns.map(columnLabel)], ...rows]));
  };
  const canvas = () => document.querySelector<HTMLCanvasElement>(".comparison canvas");
  const exportPng = () => canvas()?.toBlob((blob) => blob && save(fileName(kind, "png"), blob));
  const exportSvg = () => {
    const found = canvas();
    const text = found && svgOf(found);
    if (text) save(fileName(kind, "svg"), new Blob([text], { type: "image/svg+xml" }));
  };
  const props = { columns, samples: data ?? [], onOpen: open };
  return (
    <>
      <div class="comparison-controls">
        <Axes keys={keys} columns={columns} kind={kind} />
        <span class="grow" />
        <Ramp column={colored(kind, columns)} samples={data ?? []} columns={columns} />
        <Button label="PNG" icon="download" kind="quiet" onClick={exportPng} />
        <Button label="SVG" icon="download" kind="quiet" onClick={exportSvg} />
        <Button label="CSV" icon="download" kind="quiet" onClick={exportCsv} />
      </div>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {!data && error === undefined && <Loading />}
      {data && columns.length < Math.min(2, WIDTH[kind]) && (
        <Empty title="Choose what to compare" icon="chart" />
      )}
      {data && columns.length >= Math.min(2, WIDTH[kind]) && (
        <div class="comparison">
          {kind === "scatter" && <ScatterChart {...props} />}
          {kind === "bar" && <BarChart {...props} />}
          {kind === "parallel" && <ParallelChart {...props} />}
          {kind === "contour" && <ContourChart {...props} />}
        </div>
      )}
    </>
  );
}

/** The place of the column that colours the runs, -1 if each has its own colour. */
function colored(kind: ChartSettings["kind"], columns: string[]): number {
  if (kind === "parallel") return columns.length - 1;
  return columns.length > 2 ? 2 : -1;
}

/** What the colours stand for: the least and the greatest value. */
function Ramp(p: { column: number; samples: Sample[]; columns: string[] }) {
  const [low, high] = rangeOf(p.samples.map((s) => s.values[p.column] ?? null));
  if (p.column < 0 || !(high > low)) return null;
  return (
    <span class="ramp num">
      <span class="muted">{columnLabel(p.columns[p.column] ?? "")}</span> {number(low, 3)}
      <i />
      {number(high, 3)}
    </span>
  );
}

function Axes({
  keys,
  columns,
  kind,
}: {
  keys: KeysReply;
  columns: string[];
  kind: ChartSettings["kind"];
}) {
  const all = useMemo(
    () => [
      ...keys.metrics.map((key) => columnId("metric", key)),
      ...keys.params.map((key) => columnId("param", key)),
    ],
    [keys],
  );
  const [adding, setAdding] = useState("");
  const roles: string[] = ROLES[kind];
  const change = (place: number, id: string) =>
    setQuery({ axis: columns.map((old, i) => (i === place ? id : old)) });
  if (kind === "parallel") {
    return (
      <>
        {columns.map((id) => (
          <span key={id} class="chip">
            {columnLabel(id)}
            <button
              type="button"
              class="clear"
              aria-label={`Remove ${columnLabel(id)}`}
              onClick={() => setQuery({ axis: columns.filter((c) => c !== id) })}
            >
              ×
            </button>
          </span>
        ))}
        <select
          aria-label="Add an axis"
          value={adding}
          onChange={(event) => {
            setQuery({ axis: [...columns, event.currentTarget.value] });
            setAdding("");
          }}
        >
          <option value="">Add an axis…</option>
          {all
            .filter((id) => !columns.includes(id))
            .map((id) => (
              <option key={id} value={id}>
                {columnLabel(id)}
              </option>
            ))}
        </select>
      </>
    );
  }
  return (
    <>
      {roles.map((role, i) => (
        <label key={role} class="slider">
          {role}
          <select
            value={columns[i] ?? ""}
            onChange={(event) => change(i, event.currentTarget.value)}
          >
            {columns[i] === undefined && <option value="">–</option>}
            {all.map((id) => (
              <option key={id} value={id}>
                {columnLabel(id)}
              </option>
            ))}
          </select>
        </label>
      ))}
    </>
  );
}
