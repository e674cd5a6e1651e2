/** What is asked of the server about things in the trash. */

import { deleteForever, restoreModels } from "../api/operations";
import type { CollectedReply, DeleteForever } from "../api/schema";
import { forEach, restoreExperiment, restoreRun } from "../api/tracking";
import type { Kind } from "./contents";

/** Registered models have numbers that could be anything's. */
export const REGISTERED = "registered:";

/** The request that names these items. */
function naming(kind: Kind, keys: string[]): DeleteForever {
  if (kind === "runs") return { run_ids: keys };
  if (kind === "experiments") return { experiment_ids: keys };
  const registered = keys.filter((key) => key.startsWith(REGISTERED));
  return {
    model_ids: keys.filter((key) => !key.startsWith(REGISTERED)),
    registered_model_ids: registered.map((key) => Number(key.slice(REGISTERED.length))),
  };
}

export async function restoreAll(kind: Kind, keys: string[]): Promise<unknown> {
  if (kind === "models") return restoreModels(naming(kind, keys));
  return forEach(keys, kind === "runs" ? restoreRun : restoreExperiment);
}

export function removeAll(kind: Kind, keys: string[]): Promise<CollectedReply> {
  return deleteForever(naming(kind, keys));
}
