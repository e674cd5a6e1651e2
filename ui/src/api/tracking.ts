/** Experiments and runs, over MLflow's routes. */

import { call } from "./client";
import type { Experiment, KeyValue, LoggedModel, Run, RunInfo, ViewType } from "./schema";

/** Which things a search returns, by the numbers of MLflow's wire. */
export const VIEW = { active: 1, deleted: 2, all: 3 } as const satisfies Record<string, ViewType>;

export async function searchExperiments(
  view: ViewType,
  signal?: AbortSignal,
): Promise<Experiment[]> {
  const found: Experiment[] = [];
  let token = "";
  do {
    const query = { view_type: view, max_results: 5000, page_token: token };
    const page = await call("POST mlflow/experiments/search", query, signal);
    found.push(...(page.experiments ?? []));
    token = page.next_page_token ?? "";
  } while (token);
  return found;
}

export async function getExperiment(id: string, signal?: AbortSignal): Promise<Experiment> {
  return (await call("GET mlflow/experiments/get", { experiment_id: id }, signal)).experiment;
}

export async function createExperiment(name: string, tags: KeyValue[]): Promise<string> {
  return (await call("POST mlflow/experiments/create", { name, tags })).experiment_id;
}

export function renameExperiment(id: string, name: string): Promise<unknown> {
  return call("POST mlflow/experiments/update", { experiment_id: id, new_name: name });
}

export function deleteExperiment(id: string): Promise<unknown> {
  return call("POST mlflow/experiments/delete", { experiment_id: id });
}

export function restoreExperiment(id: string): Promise<unknown> {
  return call("POST mlflow/experiments/restore", { experiment_id: id });
}

export function setExperimentTag(id: string, key: string, value: string): Promise<unknown> {
  return call("POST mlflow/experiments/set-experiment-tag", { experiment_id: id, key, value });
}

export function deleteExperimentTag(id: string, key: string): Promise<unknown> {
  return call("POST mlflow/experiments/delete-experiment-tag", { experiment_id: id, key });
}

/** The logged models that a run made. */
export async function modelsOf(run: RunInfo, signal?: AbortSignal): Promise<LoggedModel[]> {
  const query = {
    experiment_ids: [run.experiment_id],
    filter: `source_run_id = '${run.run_id}'`,
    max_results: 50,
  };
  return (await call("POST mlflow/logged-models/search", query, signal)).models ?? [];
}

export async function getRun(id: string, signal?: AbortSignal): Promise<Run> {
  return (await call("GET mlflow/runs/get", { run_id: id }, signal)).run;
}

export function renameRun(id: string, name: string): Promise<unknown> {
  return call("POST mlflow/runs/update", { run_id: id, run_name: name });
}

export function deleteRun(id: string): Promise<unknown> {
  return call("POST mlflow/runs/delete", { run_id: id });
}

export function restoreRun(id: string): Promise<unknown> {
  return call("POST mlflow/runs/restore", { run_id: id });
}

export function setRunTag(id: string, key: string, value: string): Promise<unknown> {
  return call("POST mlflow/runs/set-tag", { run_id: id, key, value });
}

export function deleteRunTag(id: string, key: string): Promise<unknown> {
  return call("POST mlflow/runs/delete-tag", { run_id: id, key });
}

/** Runs `action` on each id, a few at a time. */
export async function forEach(ids: string[], action: (id: string) => Promise<unknown>) {
  const queue = [...ids];
  const worker = async () => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) await action(id);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}
