/** The runs of a view as a file: all that pass its filter, with the columns on show. */

import { table } from "../api/overview";
import type { RunRow } from "../api/schema";
import { csv } from "../charts/export";
import { parseColumn } from "./columns";
import type { RunQuery } from "./source";

const PART = 1000;
/** As many columns as one request may name. */
const COLUMNS = 500;

const HEAD = ["run_id", "name", "status", "user", "start_time", "end_time"];

/** Named like the columns of mlflow.search_runs. */
function heading(id: string): string {
  const ref = parseColumn(id);
  const field = ref?.kind === "metric" && ref.field !== "last" ? `.${ref.field}` : "";
  return `${ref?.kind}s.${ref?.key}${field}`;
}

function when(time: number | null): string {
  return time ? new Date(time).toISOString() : "";
}

function facts(run: RunRow): string[] {
  return [run.run_id, run.name, run.status, run.user, when(run.start_time), when(run.end_time)];
}

export async function runsCsv(query: RunQuery): Promise<Blob> {
  const ids = [...query.columns.keys()].slice(0, COLUMNS);
  const columns = ids.flatMap((id) => query.columns.get(id) ?? []);
  const rows = new Map<string, (string | number)[]>();
  for (let offset = 0; ; offset += PART) {
    const reply = await table({
      experiment_ids: query.experiments,
      filter: query.filter,
      order_by: query.order,
      run_view_type: query.view,
      columns,
      limit: PART,
      offset,
    });
    reply.rows.forEach((run, i) => {
      rows.set(run.run_id, [...facts(run), ...reply.cells.map((cells) => cells[i] ?? "")]);
    });
    if (reply.rows.length < PART) break;
  }
  return csv([[...HEAD, ...ids.map(heading)], ...rows.values()]);
}
