/** Milepost's own routes: many runs, keys and curves in one reply. */

import { call } from "./client";
import type {
  ActivityReply,
  CurveReply,
  CurvesMessage,
  GroupReply,
  GroupsMessage,
  KeysReply,
  MetricReply,
  TableMessage,
  TableReply,
} from "./schema";

export async function activity(ids: string[], signal?: AbortSignal): Promise<ActivityReply[]> {
  const query = { experiment_ids: ids };
  return (await call("POST milepost/experiments/activity", query, signal)).experiments;
}

export function keysOf(experiments: string[], signal?: AbortSignal): Promise<KeysReply> {
  return call("POST milepost/experiments/keys", { experiment_ids: experiments }, signal);
}

export function table(query: TableMessage, signal?: AbortSignal): Promise<TableReply> {
  return call("POST milepost/runs/table", query, signal);
}

export async function groups(query: GroupsMessage, signal?: AbortSignal): Promise<GroupReply[]> {
  return (await call("POST milepost/runs/groups", query, signal)).groups;
}

export async function summary(runId: string, signal?: AbortSignal): Promise<MetricReply[]> {
  return (await call("GET milepost/runs/summary", { run_id: runId }, signal)).metrics;
}

/** One curve with its numbers unpacked. */
export interface Curve {
  run: string;
  key: string;
  size: number;
  steps: Float64Array;
  values: Float64Array;
  times: Float64Array | null;
}

const MOST_RUNS = 100;

/** Curves of every key of every run; the runs are asked for in parts, each handed to `part`. */
export async function curves(
  query: CurvesMessage,
  signal?: AbortSignal,
  part?: (curves: Curve[]) => void,
): Promise<Curve[]> {
  const most = Math.max(1, Math.min(MOST_RUNS, Math.floor(2000 / Math.max(1, query.keys.length))));
  const found: Curve[] = [];
  for (let start = 0; start < query.run_ids.length; start += most) {
    const runs = query.run_ids.slice(start, start + most);
    const reply = await call("POST milepost/metrics/curves", { ...query, run_ids: runs }, signal);
    for (const c of reply.curves) found.push(unpacked(c, runs, query.keys));
    part?.(found);
  }
  return found;
}

function unpacked(reply: CurveReply, runs: string[], keys: string[]): Curve {
  return {
    run: runs[reply.run] ?? "",
    key: keys[reply.key] ?? "",
    size: reply.size,
    steps: numbers(reply.steps),
    values: numbers(reply.values).map(unbounded),
    times: reply.times ? numbers(reply.times) : null,
  };
}

/** MLflow keeps what is infinite as the largest number there is. */
function unbounded(value: number): number {
  return Math.abs(value) < Number.MAX_VALUE ? value : value * Number.POSITIVE_INFINITY;
}

function numbers(base64: string): Float64Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Float64Array(bytes.buffer);
}
