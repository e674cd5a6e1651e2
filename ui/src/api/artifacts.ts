/** Artifacts of runs and models: listing, reading the beginning, downloading. */

import { call, problem, url } from "./client";
import type { FileInfo } from "./schema";

/** Whose files: a run's, a logged model's, or a registered version's. */
export type Place = { run: string } | { model: string } | { name: string; version: string };

/** A page of a folder; registered versions are only read, by the names of their files. */
function page(place: Place, path: string, token: string, signal?: AbortSignal) {
  if ("model" in place) {
    const route = "GET mlflow/logged-models/{model_id}/artifacts/directories";
    const query = { artifact_directory_path: path, page_token: token };
    return call(route, query, signal, { model_id: place.model });
  }
  const run = "run" in place ? place.run : "";
  return call("GET mlflow/artifacts/list", { run_id: run, path, page_token: token }, signal);
}

export async function list(place: Place, path: string, signal?: AbortSignal): Promise<FileInfo[]> {
  const found: FileInfo[] = [];
  let token = "";
  do {
    const part = await page(place, path, token, signal);
    found.push(...(part.files ?? []));
    token = part.next_page_token ?? "";
  } while (token);
  return found.sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path));
}

export function fileUrl(place: Place, path: string): string {
  if ("model" in place) {
    const folder = `mlflow/logged-models/${encodeURIComponent(place.model)}/artifacts`;
    return url(`${folder}/files`, { artifact_file_path: path });
  }
  const target = "run" in place ? "get-artifact" : "model-versions/get-artifact";
  const query = "run" in place ? { run_uuid: place.run } : place;
  const made = new URL(target, document.baseURI);
  for (const [name, value] of Object.entries({ ...query, path }))
    made.searchParams.set(name, value);
  return made.href;
}

/** The first `most` bytes of a file, and whether that is all of it. */
export async function read(place: Place, path: string, most: number, signal?: AbortSignal) {
  const headers = { range: `bytes=0-${most - 1}` };
  const response = await fetch(fileUrl(place, path), signal ? { headers, signal } : { headers });
  if (response.status === 416) return { data: new ArrayBuffer(0), whole: true };
  if (!response.ok) throw await problem(response);
  const data = await response.arrayBuffer();
  const total = Number(response.headers.get("content-range")?.split("/")[1] ?? data.byteLength);
  return { data, whole: data.byteLength >= total };
}

export async function readText(place: Place, path: string, most: number, signal?: AbortSignal) {
  const { data, whole } = await read(place, path, most, signal);
  return { text: new TextDecoder().decode(data), whole };
}
