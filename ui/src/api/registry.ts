/** Registered models and their versions, over MLflow's routes and Milepost's registry routes. */

import type { Page } from "../state/pages";
import { call } from "./client";
import type {
  ChangeReply,
  ModelVersionsCreate as Draft,
  ModelVersion,
  OriginReply,
  RegisteredModel,
  Request as StageRequest,
  Transition,
} from "./schema";

const PART = 200;

export async function searchModels(
  filter: string,
  token: string,
  signal?: AbortSignal,
): Promise<Page<RegisteredModel>> {
  const query = {
    filter,
    max_results: PART,
    page_token: token,
    order_by: ["last_updated_timestamp DESC"],
  };
  const reply = await call("GET mlflow/registered-models/search", query, signal);
  return { items: reply.registered_models ?? [], next: reply.next_page_token ?? "" };
}

export async function getModel(name: string, signal?: AbortSignal): Promise<RegisteredModel> {
  return (await call("GET mlflow/registered-models/get", { name }, signal)).registered_model;
}

export function createModel(name: string, description: string): Promise<unknown> {
  return call("POST mlflow/registered-models/create", { name, description });
}

export function describeModel(name: string, description: string): Promise<unknown> {
  return call("PATCH mlflow/registered-models/update", { name, description });
}

export function renameModel(name: string, new_name: string): Promise<unknown> {
  return call("POST mlflow/registered-models/rename", { name, new_name });
}

export function deleteModel(name: string): Promise<unknown> {
  return call("DELETE mlflow/registered-models/delete", { name });
}

/** Versions of a model, newest first. */
export async function versionsOf(
  name: string,
  token: string,
  signal?: AbortSignal,
): Promise<Page<ModelVersion>> {
  const query = {
    filter: `name = '${name.replaceAll("'", "''")}'`,
    max_results: PART,
    page_token: token,
    order_by: ["version_number DESC"],
  };
  const reply = await call("GET mlflow/model-versions/search", query, signal);
  return { items: reply.model_versions ?? [], next: reply.next_page_token ?? "" };
}

export async function getVersion(name: string, version: string, signal?: AbortSignal) {
  return (await call("GET mlflow/model-versions/get", { name, version }, signal)).model_version;
}

export async function createVersion(draft: Draft): Promise<ModelVersion> {
  return (await call("POST mlflow/model-versions/create", draft)).model_version;
}

export function describeVersion(name: string, version: string, description: string) {
  return call("PATCH mlflow/model-versions/update", { name, version, description });
}

export function deleteVersion(name: string, version: string): Promise<unknown> {
  return call("DELETE mlflow/model-versions/delete", { name, version });
}

export function transition(what: Transition): Promise<unknown> {
  return call("POST mlflow/model-versions/transition-stage", what);
}

export function requestTransition(what: StageRequest): Promise<unknown> {
  return call("POST milepost/registered-models/transition-requests", what);
}

export function decide(id: string, approve: boolean, comment: string): Promise<unknown> {
  const verb = approve ? "approve" : "reject";
  const route = `POST milepost/registered-models/transition-requests/{id}/${verb}` as const;
  return call(route, { comment }, undefined, { id });
}

export async function openRequests(name: string, signal?: AbortSignal) {
  const query = { name, state: "PENDING" };
  const reply = await call("GET milepost/registered-models/transition-requests", query, signal);
  return reply.transition_requests ?? [];
}

/** What happened to a model, or with a version to that one, newest first. */
export async function historyOf(
  name: string,
  version: string,
  token: string,
  signal?: AbortSignal,
): Promise<Page<ChangeReply>> {
  const query = { name, version, page_token: token };
  const reply = await call("GET milepost/registered-models/history", query, signal);
  return { items: reply.changes ?? [], next: reply.next_page_token ?? "" };
}

export async function needsApproval(name: string, signal?: AbortSignal): Promise<boolean> {
  const reply = await call("GET milepost/registered-models/policy", { name }, signal);
  return reply.production_needs_approval;
}

export function setNeedsApproval(name: string, needed: boolean): Promise<unknown> {
  const policy = { name, production_needs_approval: needed };
  return call("POST milepost/registered-models/policy", policy);
}

export function lineageOf(
  name: string,
  version: string,
  signal?: AbortSignal,
): Promise<OriginReply> {
  return call("GET milepost/lineage/model-version", { name, version }, signal);
}

export function setAlias(name: string, alias: string, version: string): Promise<unknown> {
  return call("POST mlflow/registered-models/alias", { name, alias, version });
}

export function deleteAlias(name: string, alias: string): Promise<unknown> {
  return call("DELETE mlflow/registered-models/alias", { name, alias });
}

export function setVersionTag(name: string, version: string, key: string, value: string) {
  return call("POST mlflow/model-versions/set-tag", { name, version, key, value });
}

export function deleteVersionTag(name: string, version: string, key: string) {
  return call("DELETE mlflow/model-versions/delete-tag", { name, version, key });
}
