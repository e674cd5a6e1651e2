/** Artifacts of runs and models: listing, reading the beginning, downloading. */

import { get, problem } from "./client";
import type { FileInfo } from "./types";

/** Where a run's or a logged model's files are. */
export interface Place {
  run: string;
}

export async function list(place: Place, path: string, signal?: AbortSignal): Promise<FileInfo[]> {
  const found: FileInfo[] = [];
  let token: string | undefined;
  do {
    const query = { run_id: place.run, path: path || undefined, page_token: token };
    const page = await get<{ files?: FileInfo[]; next_page_token?: string }>(
      "2.0/mlflow/artifacts/list",
      query,
      signal,
    );
    found.push(...(page.files ?? []));
    token = page.next_page_token;
  } while (token);
  return found.sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path));
}

export function fileUrl(place: Place, path: string): string {
  const target = new URL("get-artifact", document.baseURI);
  target.searchParams.set("run_uuid", place.run);
  target.searchParams.set("path", path);
  return target.href;
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
