/** Talks to the server the page came from; URLs are relative, so any prefix or proxy works. */

import type { ErrorReply, Routes } from "./schema";

/** An answer other than 200, with what the server says happened. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The values for the `{name}` parts of a route's path. */
export type Places = Record<string, string>;

export function url(path: string, query: object = {}): string {
  const version = path.startsWith("milepost/") ? "3.0" : "2.0";
  const target = new URL(`ajax-api/${version}/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") target.searchParams.set(name, String(value));
  }
  return target.href;
}

/** Asks a route the server describes; what it takes and gives is checked against that. */
export async function call<R extends keyof Routes>(
  route: R,
  message: Routes[R]["takes"],
  signal?: AbortSignal,
  places: Places = {},
): Promise<Routes[R]["gives"]> {
  const [method = "GET", template = ""] = route.split(" ");
  const path = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(places[name] ?? ""));
  const stop = signal ? { signal } : {};
  const reply =
    method === "GET"
      ? await send(url(path, message), stop)
      : await send(url(path), { ...stop, ...sent(method, message) });
  if (!reply.ok) throw await problem(reply);
  return (await reply.json()) as Routes[R]["gives"];
}

function sent(method: string, message: object): RequestInit {
  return {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(message),
  };
}

async function send(target: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(target, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "UNREACHABLE", "The server does not answer. Is it running?");
  }
}

export async function problem(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const said = JSON.parse(text) as Partial<ErrorReply>;
    const message = said.message ?? response.statusText;
    return new ApiError(response.status, said.error_code ?? "", message);
  } catch {
    const missing = response.status === 404 ? "This server does not offer this." : "";
    return new ApiError(response.status, "", missing || text.slice(0, 300) || response.statusText);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
