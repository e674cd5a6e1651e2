/** The trash and the state of the server, over Milepost's own routes. */

import { call, problem } from "./client";
import type { CollectedReply, DeleteForever, HealthReply, RestoreModels } from "./schema";

export function deleteForever(what: DeleteForever): Promise<CollectedReply> {
  return call("POST milepost/trash/delete-forever", what);
}

export function deletedModels(signal?: AbortSignal) {
  return call("GET milepost/trash/models", {}, signal);
}

export function restoreModels(what: RestoreModels): Promise<unknown> {
  return call("POST milepost/trash/restore-models", what);
}

export async function settings(signal?: AbortSignal) {
  return (await call("GET milepost/operations/settings", {}, signal)).settings;
}

export async function storage(signal?: AbortSignal) {
  return (await call("GET milepost/operations/storage", {}, signal)).experiments;
}

export function database(signal?: AbortSignal) {
  return call("GET milepost/operations/database", {}, signal);
}

/** The health of every part; also answered, with 503, when the server cannot serve. */
export async function health(signal?: AbortSignal): Promise<HealthReply> {
  const target = new URL("health/details", document.baseURI);
  const response = await fetch(target, signal ? { signal } : {});
  if (!response.ok && response.status !== 503) throw await problem(response);
  return (await response.json()) as HealthReply;
}
