/** What is in the trash, and how it changes: only what there is news of is asked for again. */

import { ApiError } from "../api/client";
import { deletedModels } from "../api/operations";
import { table } from "../api/overview";
import type { DeletedModelsReply, Experiment, RunRow } from "../api/schema";
import { getExperiment, searchExperiments, VIEW } from "../api/tracking";
import { plural } from "../format";
import { REGISTERED } from "./request";

export type Kind = "runs" | "experiments" | "models";

/** Something in the trash; `key` tells it from all others of its kind. */
export interface Item {
  key: string;
  name: string;
  where: string;
  at: number;
  /** Of a run: where it belongs. */
  experiment?: string;
  status?: string;
}

export interface Trash extends Record<Kind, Item[]> {
  /** The experiments by their ids, in the trash or not. */
  names: ReadonlyMap<string, string>;
}

/** As many of each kind are shown, the newest. */
export const MOST = 1000;

export async function load(signal: AbortSignal): Promise<Trash> {
  const [all, models] = await Promise.all([
    searchExperiments(VIEW.all, signal),
    deletedModels(signal),
  ]);
  const names = new Map(all.map((e) => [e.experiment_id, e.name]));
  const rows = names.size > 0 ? await deletedRuns([...names.keys()], signal) : [];
  return {
    names,
    runs: newest(rows.map((row) => runItem(row, names))),
    experiments: newest(all.filter(isDeleted).map(experimentItem)),
    models: newest(modelItems(models, names)),
  };
}

/** Looks at what the topics name, and returns how that changes the trash. */
export async function news(topics: string[]): Promise<(old: Trash) => Trash> {
  const parts = topics.map((topic) => topic.split(":"));
  const of = (kind: string) => parts.filter((part) => part[0] === kind);
  const whole = new Set(of("experiment").map((part) => part[1] ?? ""));
  for (const [, experiment = "", run] of of("run")) if (run === "*") whole.add(experiment);
  const single = of("run").flatMap(([, id = "", run = ""]) => (whole.has(id) ? [] : [run]));
  const changes = await Promise.all([
    ...[...whole].map(experimentNews),
    ...(single.length > 0 ? [runNews(single)] : []),
    ...(of("models").length > 0 || whole.size > 0 ? [modelNews()] : []),
  ]);
  return (old) => changes.reduce((trash, change) => change(trash), old);
}

/** The trash without what has just been restored or deleted forever. */
export function without(trash: Trash, kind: Kind, keys: Set<string>): Trash {
  const kept = (items: Item[]) => items.filter((item) => !keys.has(item.key));
  const runs =
    kind === "experiments" ? trash.runs.filter((r) => !keys.has(r.experiment ?? "")) : trash.runs;
  return { ...trash, runs, [kind]: kept(kind === "runs" ? runs : trash[kind]) };
}

async function runNews(ids: string[]): Promise<(old: Trash) => Trash> {
  const { rows } = await table({ run_ids: ids });
  const asked = new Set(ids);
  return (old) => ({
    ...old,
    runs: newest([
      ...old.runs.filter((item) => !asked.has(item.key)),
      ...rows.filter((row) => row.deleted).map((row) => runItem(row, old.names)),
    ]),
  });
}

async function experimentNews(id: string): Promise<(old: Trash) => Trash> {
  const [found, rows] = await Promise.all([getExperiment(id).catch(gone), deletedRuns([id])]);
  return (old) => {
    const names = new Map(old.names);
    if (found) names.set(id, found.name);
    const others = old.experiments.filter((item) => item.key !== id);
    return {
      ...old,
      names,
      experiments: newest([
        ...others,
        ...(found && isDeleted(found) ? [experimentItem(found)] : []),
      ]),
      runs: newest([
        ...old.runs.filter((item) => item.experiment !== id),
        ...rows.map((row) => runItem(row, names)),
      ]),
    };
  };
}

async function modelNews(): Promise<(old: Trash) => Trash> {
  const models = await deletedModels();
  return (old) => ({ ...old, models: newest(modelItems(models, old.names)) });
}

/** Undefined if the server says that there is no such thing any more. */
function gone(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined;
  throw error;
}

async function deletedRuns(experiments: string[], signal?: AbortSignal): Promise<RunRow[]> {
  const query = { experiment_ids: experiments, run_view_type: VIEW.deleted, limit: MOST };
  return (await table(query, signal)).rows;
}

function isDeleted(experiment: Experiment): boolean {
  return experiment.lifecycle_stage === "deleted";
}

function newest(items: Item[]): Item[] {
  return items.sort((a, b) => b.at - a.at);
}

function runItem(run: RunRow, names: ReadonlyMap<string, string>): Item {
  return {
    key: run.run_id,
    name: run.name,
    where: names.get(run.experiment_id) ?? run.experiment_id,
    at: run.start_time,
    experiment: run.experiment_id,
    status: run.status,
  };
}

function experimentItem(e: Experiment): Item {
  return {
    key: e.experiment_id,
    name: e.name,
    where: e.experiment_id,
    at: e.last_update_time ?? 0,
  };
}

function modelItems(found: DeletedModelsReply, names: ReadonlyMap<string, string>): Item[] {
  const registered = found.registered_models.map((m) => ({
    key: `${REGISTERED}${m.id}`,
    name: m.name,
    where: `Registered model, ${plural(m.versions, "version")}`,
    at: m.deleted,
  }));
  const logged = found.logged_models.map((m) => ({
    key: m.model_id,
    name: m.name,
    where: `Logged model of ${names.get(m.experiment_id) ?? m.experiment_id}`,
    at: m.deleted,
  }));
  return [...registered, ...logged];
}
