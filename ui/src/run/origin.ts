/** What clients note about data sets and models, in JSON of their own. */

import type { LoggedModelInfo } from "../api/schema";

/** The object in a JSON text; empty if there is none. */
export function parsed(text: string | undefined): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text ?? "");
    return found && typeof found === "object" ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Where the data came from, out of the JSON in which clients say it; else what they said. */
export function sourceOf(source: string | undefined): string {
  const found = parsed(source);
  const tags = (found.tags ?? {}) as Record<string, unknown>;
  const place = found.uri ?? found.url ?? found.path ?? tags["mlflow.source.name"];
  return typeof place === "string" ? place : (source ?? "").slice(0, 300);
}

export const MODEL_VERSIONS = "mlflow.modelVersions";

type Noted = { info: Pick<LoggedModelInfo, "tags"> };

/** The registered versions that the client noted at a model when it registered it. */
export function registeredAs(model: Noted): [string, string][] {
  const text = model.info.tags?.find((t) => t.key === MODEL_VERSIONS)?.value;
  try {
    const noted = JSON.parse(text ?? "[]") as { name: string; version: string | number }[];
    const all = noted.map((v) => [v.name, String(v.version)] as [string, string]);
    return [...new Map(all.map((v) => [v.join("/"), v])).values()];
  } catch {
    return [];
  }
}
