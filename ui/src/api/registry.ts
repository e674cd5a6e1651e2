/** Registered models and their versions, over MLflow's routes and Milepost's registry routes. */

import { get, post, withBody } from "./client";
import type { DatasetInput, ModelVersion, Page, RegisteredModel, RunInfo } from "./types";

const V2 = "2.0/mlflow";
const MINE = "3.0/milepost";

export interface HistoryEntry {
  id: string;
  name: string;
  version?: string;
  timestamp: number;
  actor: string;
  action: string;
  subject?: string;
  old_value?: string;
  new_value?: string;
  comment?: string;
}

export interface TransitionRequest {
  id: string;
  name: string;
  version: string;
  to_stage: string;
  state: string;
  requested_by: string;
  requested: number;
  comment?: string;
  decided_by?: string;
  decided?: number;
  decision_comment?: string;
}

export interface Lineage {
  run?: RunInfo;
  datasets?: DatasetInput[];
  code?: Record<string, string>;
  logged_model?: { model_id: string; name: string };
}

export async function searchModels(
  filter: string,
  token: string,
  signal?: AbortSignal,
): Promise<{ models: RegisteredModel[]; next: string }> {
  const query = {
    filter: filter || undefined,
    max_results: 200,
    page_token: token || undefined,
    order_by: "last_updated_timestamp DESC",
  };
  type Reply = { registered_models?: RegisteredModel[]; next_page_token?: string };
  const reply = await get<Reply>(`${V2}/registered-models/search`, query, signal);
  return { models: reply.registered_models ?? [], next: reply.next_page_token ?? "" };
}

export async function getModel(name: string, signal?: AbortSignal): Promise<RegisteredModel> {
  type Reply = { registered_model: RegisteredModel };
  return (await get<Reply>(`${V2}/registered-models/get`, { name }, signal)).registered_model;
}

export function createModel(name: string, description: string): Promise<unknown> {
  return post(`${V2}/registered-models/create`, { name, description });
}

export function describeModel(name: string, description: string): Promise<unknown> {
  return withBody("PATCH", `${V2}/registered-models/update`, { name, description });
}

export function renameModel(name: string, new_name: string): Promise<unknown> {
  return post(`${V2}/registered-models/rename`, { name, new_name });
}

export function deleteModel(name: string): Promise<unknown> {
  return withBody("DELETE", `${V2}/registered-models/delete`, { name });
}

/** Versions of a model, newest first. */
export async function versionsOf(
  name: string,
  token: string,
  signal?: AbortSignal,
): Promise<Page<ModelVersion>> {
  const query = {
    filter: `name = '${name.replaceAll("'", "''")}'`,
    max_results: 200,
    page_token: token || undefined,
    order_by: "version_number DESC",
  };
  type Reply = { model_versions?: ModelVersion[]; next_page_token?: string };
  const reply = await get<Reply>(`${V2}/model-versions/search`, query, signal);
  return { items: reply.model_versions ?? [], next: reply.next_page_token ?? "" };
}

export async function getVersion(name: string, version: string, signal?: AbortSignal) {
  type Reply = { model_version: ModelVersion };
  const query = { name, version };
  return (await get<Reply>(`${V2}/model-versions/get`, query, signal)).model_version;
}

export function describeVersion(name: string, version: string, description: string) {
  return withBody("PATCH", `${V2}/model-versions/update`, { name, version, description });
}

export function deleteVersion(name: string, version: string): Promise<unknown> {
  return withBody("DELETE", `${V2}/model-versions/delete`, { name, version });
}

export function transition(p: {
  name: string;
  version: string;
  stage: string;
  archive_existing_versions: boolean;
  comment: string;
}): Promise<unknown> {
  return post(`${V2}/model-versions/transition-stage`, p);
}

export function requestTransition(p: {
  name: string;
  version: string;
  stage: string;
  archive_existing_versions: boolean;
  comment: string;
}): Promise<unknown> {
  return post(`${MINE}/registered-models/transition-requests`, p);
}

export function decide(id: string, approve: boolean, comment: string): Promise<unknown> {
  const path = `${MINE}/registered-models/transition-requests/${id}`;
  return post(`${path}/${approve ? "approve" : "reject"}`, { comment });
}

export async function openRequests(name: string, signal?: AbortSignal) {
  type Reply = { transition_requests?: TransitionRequest[] };
  const query = { name, state: "PENDING" };
  const path = `${MINE}/registered-models/transition-requests`;
  return (await get<Reply>(path, query, signal)).transition_requests ?? [];
}

/** What happened to a model, or with a version to that one, newest first. */
export async function historyOf(
  name: string,
  version: string,
  token: string,
  signal?: AbortSignal,
): Promise<Page<HistoryEntry>> {
  type Reply = { changes?: HistoryEntry[]; next_page_token?: string };
  const query = { name, version: version || undefined, page_token: token || undefined };
  const reply = await get<Reply>(`${MINE}/registered-models/history`, query, signal);
  return { items: reply.changes ?? [], next: reply.next_page_token ?? "" };
}

export async function needsApproval(name: string, signal?: AbortSignal): Promise<boolean> {
  type Reply = { production_needs_approval: boolean };
  const path = `${MINE}/registered-models/policy`;
  return (await get<Reply>(path, { name }, signal)).production_needs_approval;
}

export function setNeedsApproval(name: string, needed: boolean): Promise<unknown> {
  const body = { name, production_needs_approval: needed };
  return post(`${MINE}/registered-models/policy`, body);
}

export function lineageOf(name: string, version: string, signal?: AbortSignal): Promise<Lineage> {
  return get(`${MINE}/lineage/model-version`, { name, version }, signal);
}

export function setAlias(name: string, alias: string, version: string): Promise<unknown> {
  return post(`${V2}/registered-models/alias`, { name, alias, version });
}

export function deleteAlias(name: string, alias: string): Promise<unknown> {
  return withBody("DELETE", `${V2}/registered-models/alias`, { name, alias });
}

export function setVersionTag(name: string, version: string, key: string, value: string) {
  return post(`${V2}/model-versions/set-tag`, { name, version, key, value });
}

export function deleteVersionTag(name: string, version: string, key: string) {
  return withBody("DELETE", `${V2}/model-versions/delete-tag`, { name, version, key });
}
