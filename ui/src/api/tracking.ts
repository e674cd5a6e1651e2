/** Experiments and runs, over MLflow's routes. */

import { get, post } from "./client";
import type { Experiment, LoggedModel, Run, Tag } from "./types";

const V2 = "2.0/mlflow";

export async function searchExperiments(
  view: "ACTIVE_ONLY" | "DELETED_ONLY" | "ALL",
  signal?: AbortSignal,
): Promise<Experiment[]> {
  const found: Experiment[] = [];
  let token: string | undefined;
  do {
    const body = { view_type: view, max_results: 5000, page_token: token ?? "" };
    const page = await post<{ experiments?: Experiment[]; next_page_token?: string }>(
      `${V2}/experiments/search`,
      body,
      signal,
    );
    found.push(...(page.experiments ?? []));
    token = page.next_page_token;
  } while (token);
  return found;
}

export async function getExperiment(id: string, signal?: AbortSignal): Promise<Experiment> {
  const query = { experiment_id: id };
  return (await get<{ experiment: Experiment }>(`${V2}/experiments/get`, query, signal)).experiment;
}

export async function createExperiment(name: string, tags: Tag[]): Promise<string> {
  const body = { name, tags };
  return (await post<{ experiment_id: string }>(`${V2}/experiments/create`, body)).experiment_id;
}

export function renameExperiment(id: string, name: string): Promise<unknown> {
  return post(`${V2}/experiments/update`, { experiment_id: id, new_name: name });
}

export function deleteExperiment(id: string): Promise<unknown> {
  return post(`${V2}/experiments/delete`, { experiment_id: id });
}

export function restoreExperiment(id: string): Promise<unknown> {
  return post(`${V2}/experiments/restore`, { experiment_id: id });
}

export function setExperimentTag(id: string, key: string, value: string): Promise<unknown> {
  return post(`${V2}/experiments/set-experiment-tag`, { experiment_id: id, key, value });
}

export function deleteExperimentTag(id: string, key: string): Promise<unknown> {
  return post(`${V2}/experiments/delete-experiment-tag`, { experiment_id: id, key });
}

/** The logged models that a run made. */
export async function modelsOf(run: Run["info"], signal?: AbortSignal): Promise<LoggedModel[]> {
  const body = {
    experiment_ids: [run.experiment_id],
    filter: `source_run_id = '${run.run_id}'`,
    max_results: 50,
  };
  type Reply = { models?: LoggedModel[] };
  return (await post<Reply>(`${V2}/logged-models/search`, body, signal)).models ?? [];
}

export async function getRun(id: string, signal?: AbortSignal): Promise<Run> {
  return (await get<{ run: Run }>(`${V2}/runs/get`, { run_id: id }, signal)).run;
}

export function renameRun(id: string, name: string): Promise<unknown> {
  return post(`${V2}/runs/update`, { run_id: id, run_name: name });
}

export function deleteRun(id: string): Promise<unknown> {
  return post(`${V2}/runs/delete`, { run_id: id });
}

export function restoreRun(id: string): Promise<unknown> {
  return post(`${V2}/runs/restore`, { run_id: id });
}

export function setRunTag(id: string, key: string, value: string): Promise<unknown> {
  return post(`${V2}/runs/set-tag`, { run_id: id, key, value });
}

export function deleteRunTag(id: string, key: string): Promise<unknown> {
  return post(`${V2}/runs/delete-tag`, { run_id: id, key });
}

/** Runs `action` on each id, a few at a time. */
export async function forEach(ids: string[], action: (id: string) => Promise<unknown>) {
  const queue = [...ids];
  const worker = async () => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) await action(id);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}
