/** Talks to the server the page came from; URLs are relative, so any prefix or proxy works. */

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

export type Query = Record<string, string | number | boolean | undefined>;

export function url(path: string, query: Query = {}): string {
  const target = new URL(`ajax-api/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) target.searchParams.set(name, String(value));
  }
  return target.href;
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return answer<T>(await send(url(path, query), signal ? { signal } : {}));
}

export async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return withBody<T>("POST", path, body, signal);
}

export async function withBody<T>(
  method: string,
  path: string,
  body: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers = { "content-type": "application/json" };
  const init: RequestInit = { method, headers, body: JSON.stringify(body) };
  return answer<T>(await send(url(path), signal ? { ...init, signal } : init));
}

async function send(target: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(target, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "UNREACHABLE", "The server does not answer. Is it running?");
  }
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  throw await problem(response);
}

export async function problem(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const said = JSON.parse(text) as { error_code?: string; message?: string };
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
