/** The page's address, below the #: the same paths that MLflow's clients print. */

import { computed, signal } from "@preact/signals";

export interface Address {
  path: string;
  query: URLSearchParams;
}

function read(): Address {
  const text = window.location.hash.replace(/^#/, "") || "/";
  const [path = "/", query = ""] = split(text);
  return { path: path.replace(/\/+$/, "") || "/", query: new URLSearchParams(query) };
}

function split(text: string): [string, string] {
  const at = text.indexOf("?");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

export const address = signal<Address>(read());
export const segments = computed(() =>
  address.value.path.split("/").filter(Boolean).map(decodeURIComponent),
);

window.addEventListener("hashchange", () => {
  address.value = read();
});

export type Params = Record<string, string | string[] | undefined>;

export function href(parts: string[], params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== "") query.append(name, one);
    }
  }
  const text = query.toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export function go(target: string): void {
  window.location.hash = target;
}

/** Changes some of the query and keeps the rest; no new entry in the browser's history. */
export function setQuery(patch: Params): void {
  const query = new URLSearchParams(address.peek().query);
  for (const [name, value] of Object.entries(patch)) {
    query.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== "") query.append(name, one);
    }
  }
  const text = query.toString();
  const target = `#${address.peek().path}${text ? `?${text}` : ""}`;
  if (target === window.location.hash) return;
  window.history.replaceState(null, "", target);
  address.value = read();
}
