/** Columns of the runs table, as short texts that fit into an address: kind:field:key. */

import type { ColumnMessage, KeysReply } from "../api/schema";

export type Kind = "attribute" | "metric" | "param" | "tag";
export type Field = "last" | "min" | "max" | "step" | "min_step" | "max_step";

export interface ColumnRef {
  kind: Kind;
  field: Field | "";
  key: string;
}

export const ATTRIBUTES: Record<string, string> = {
  run_name: "Name",
  start_time: "Started",
  duration: "Duration",
  user_id: "User",
  end_time: "Ended",
  status: "Status",
  run_id: "Run ID",
};

export function columnId(kind: Kind, key: string, field: Field | "" = ""): string {
  return `${kind}:${kind === "metric" ? field || "last" : ""}:${key}`;
}

export function parseColumn(id: string): ColumnRef | undefined {
  const [kind = "", field = "", ...rest] = id.split(":");
  const key = rest.join(":");
  if (!["attribute", "metric", "param", "tag"].includes(kind) || !key) return undefined;
  return { kind: kind as Kind, field: field as Field, key };
}

export function asColumn(id: string): ColumnMessage | undefined {
  const ref = parseColumn(id);
  if (!ref || ref.kind === "attribute") return undefined;
  return { kind: ref.kind, key: ref.key, field: ref.field || "last" };
}

export function quoted(key: string): string {
  return key.includes("`") ? `"${key}"` : `\`${key}\``;
}

/** The column in the words of the search language. */
export function searchName(id: string): string {
  const ref = parseColumn(id);
  if (!ref) return "";
  if (ref.kind === "attribute") return ref.key;
  const field = ref.kind === "metric" && ref.field !== "last" ? `.${ref.field}` : "";
  return `${ref.kind}s.${quoted(ref.key)}${field}`;
}

export interface Sort {
  id: string;
  ascending: boolean;
}

export function parseSort(text: string): Sort | undefined {
  const at = text.indexOf(":");
  const id = text.slice(at + 1);
  if (at < 0 || !parseColumn(id)) return undefined;
  return { id, ascending: text.slice(0, at) === "asc" };
}

export function sortText(sort: Sort): string {
  return `${sort.ascending ? "asc" : "desc"}:${sort.id}`;
}

export function orderBy(sort: Sort | undefined): string[] {
  return sort ? [`${searchName(sort.id)} ${sort.ascending ? "ASC" : "DESC"}`] : [];
}

const SYSTEM = "system/";
/** Names of the metrics that people look at first. */
export const TELLING = /loss|acc|auc|f1|score|reward|error|rmse|mae|perplexity/i;

/** What a new visitor sees: the times and people, then some metrics and params. */
export function defaultColumns(keys: KeysReply): string[] {
  const mine = keys.metrics.filter((key) => !key.startsWith(SYSTEM));
  const telling = mine.filter((key) => TELLING.test(key));
  const metrics = [...new Set([...telling, ...mine])].slice(0, 8);
  return [
    columnId("attribute", "start_time"),
    columnId("attribute", "duration"),
    columnId("attribute", "user_id"),
    ...metrics.map((key) => columnId("metric", key)),
    ...keys.params.slice(0, 8).map((key) => columnId("param", key)),
  ];
}

export function allColumns(keys: KeysReply): string[] {
  const attributes = Object.keys(ATTRIBUTES).filter((key) => key !== "run_name");
  return [
    ...attributes.map((key) => columnId("attribute", key)),
    ...keys.metrics.map((key) => columnId("metric", key)),
    ...keys.params.map((key) => columnId("param", key)),
    ...keys.tags.filter((key) => key !== "mlflow.runName").map((key) => columnId("tag", key)),
  ];
}

/** A test of keys against what was typed: a regular expression, or plain text if it is none. */
export function keyTest(text: string): (key: string) => boolean {
  try {
    const pattern = new RegExp(text, "i");
    return (key) => pattern.test(key);
  } catch {
    const plain = text.toLowerCase();
    return (key) => key.toLowerCase().includes(plain);
  }
}
