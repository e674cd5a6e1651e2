/** Making a version of what a run produced. */

import { ApiError, call } from "../api/client";
import { createModel, createVersion } from "../api/registry";
import type { LoggedModel } from "../api/schema";
import { MODEL_VERSIONS, registeredAs } from "../run/origin";

export interface Registrable {
  run: string;
  /** Where the model's files are, as clients name it. */
  source: string;
  /** If it is a logged model, which one. */
  model?: LoggedModel;
}

/** Makes a version of a registered model, and that model if there is none yet; returns its number.
 * At a logged model it is noted, as clients do. */
export async function register(name: string, what: Registrable): Promise<string> {
  await createModel(name, "").catch((error) => {
    if (!(error instanceof ApiError && error.code === "RESOURCE_ALREADY_EXISTS")) throw error;
  });
  const { run, source, model } = what;
  const draft = { name, source, run_id: run, model_id: model?.info.model_id ?? "" };
  const { version } = await createVersion(draft);
  if (model) await note(model, name, version);
  return version;
}

async function note(model: LoggedModel, name: string, version: string): Promise<void> {
  const all = [...registeredAs(model), [name, version]];
  const value = JSON.stringify(all.map(([known, number]) => ({ name: known, version: number })));
  const tags = [{ key: MODEL_VERSIONS, value }];
  const { model_id } = model.info;
  await call("PATCH mlflow/logged-models/{model_id}/tags", { tags }, undefined, { model_id });
}
