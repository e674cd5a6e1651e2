/** Milepost's own routes: many runs, keys and curves in one reply. */

import { get, post } from "./client";
import type {
  ActivityReply,
  ColumnMessage,
  CurveReply,
  CurvesMessage,
  GroupReply,
  GroupsMessage,
  MetricSummary,
  TableMessage,
  TableReply,
} from "./schema";

const BASE = "3.0/milepost";

export type Column = ColumnMessage;

export interface Keys {
  metrics: string[];
  params: string[];
  tags: string[];
}

export async function activity(ids: string[], signal?: AbortSignal): Promise<ActivityReply[]> {
  const body = { experiment_ids: ids };
  type Reply = { experiments: ActivityReply[] };
  return (await post<Reply>(`${BASE}/experiments/activity`, body, signal)).experiments;
}

export function keysOf(experiments: string[], signal?: AbortSignal): Promise<Keys> {
  return post(`${BASE}/experiments/keys`, { experiment_ids: experiments }, signal);
}

export function table(query: TableMessage, signal?: AbortSignal): Promise<TableReply> {
  return post(`${BASE}/runs/table`, query, signal);
}

export async function groups(query: GroupsMessage, signal?: AbortSignal): Promise<GroupReply[]> {
  return (await post<{ groups: GroupReply[] }>(`${BASE}/runs/groups`, query, signal)).groups;
}

export async function summary(runId: string, signal?: AbortSignal): Promise<MetricSummary[]> {
  type Reply = { metrics: MetricSummary[] };
  return (await get<Reply>(`${BASE}/runs/summary`, { run_id: runId }, signal)).metrics;
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
    const reply = await post<{ curves: CurveReply[] }>(
      `${BASE}/metrics/curves`,
      { ...query, run_ids: runs },
      signal,
    );
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
    values: numbers(reply.values),
    times: reply.times ? numbers(reply.times) : null,
  };
}

function numbers(base64: string): Float64Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Float64Array(bytes.buffer);
}
