/** The trash and the state of the server, over Milepost's own routes. */

import { get, post, problem } from "./client";

const BASE = "3.0/milepost";

export interface Collected {
  runs: number;
  experiments: number;
  models: number;
  registered_models: number;
  files: number;
  bytes: number;
  failures: string[];
}

export interface InTrash {
  run_ids?: string[];
  experiment_ids?: string[];
  model_ids?: string[];
  registered_model_ids?: number[];
}

export function deleteForever(what: InTrash): Promise<Collected> {
  return post(`${BASE}/trash/delete-forever`, what);
}

export interface DeletedModels {
  registered_models: {
    id: number;
    name: string;
    user_id: string;
    deleted: number;
    versions: number;
  }[];
  logged_models: { model_id: string; name: string; experiment_id: string; deleted: number }[];
}

export function deletedModels(signal?: AbortSignal): Promise<DeletedModels> {
  return get(`${BASE}/trash/models`, {}, signal);
}

export function restoreModels(what: InTrash): Promise<unknown> {
  return post(`${BASE}/trash/restore-models`, what);
}

export interface Setting {
  name: string;
  /** Where it stands in the configuration file; empty if it cannot. */
  key: string;
  value: unknown;
  changed: boolean;
  help: string;
}

export async function settings(signal?: AbortSignal): Promise<Setting[]> {
  return (await get<{ settings: Setting[] }>(`${BASE}/operations/settings`, {}, signal)).settings;
}

export interface Storage {
  experiment_id: string;
  name: string;
  runs: number;
  deleted_runs: number;
  bytes: number;
  files: number;
}

export async function storage(signal?: AbortSignal): Promise<Storage[]> {
  type Reply = { experiments: Storage[] };
  return (await get<Reply>(`${BASE}/operations/storage`, {}, signal)).experiments;
}

export interface Database {
  kind: string;
  server_version: string;
  schema_version: number;
  wanted_schema_version: number;
  bytes: number;
  counts: Record<string, number>;
  jobs: string[];
  artifacts: string;
}

export function database(signal?: AbortSignal): Promise<Database> {
  return get(`${BASE}/operations/database`, {}, signal);
}

export interface Part {
  name: string;
  ok: boolean;
  needed: boolean;
  seconds: number;
  problem: string;
  breaker: string;
}

export interface Health {
  status: "OK" | "DEGRADED" | "DOWN";
  version: string;
  parts: Record<string, Part>;
}

/** The health of every part; also answered, with 503, when the server cannot serve. */
export async function health(signal?: AbortSignal): Promise<Health> {
  const target = new URL("health/details", document.baseURI);
  const response = await fetch(target, signal ? { signal } : {});
  if (!response.ok && response.status !== 503) throw await problem(response);
  return (await response.json()) as Health;
}
