/** In which order the charts of an experiment stand: by section, then as dragged in this browser. */

import { TELLING } from "../runs/columns";

const KEY = "milepost.charts.";

function saved(scope: string): string[] {
  try {
    return JSON.parse(localStorage.getItem(KEY + scope) ?? "[]") as string[];
  } catch {
    return [];
  }
}

/** The section of each key: its prefix, where at least two keys share that; else none. */
function sectionsOf(keys: string[]): Map<string, string> {
  const prefix = (key: string) => key.slice(0, Math.max(0, key.indexOf("/")));
  const sizes = new Map<string, number>();
  for (const key of keys) sizes.set(prefix(key), (sizes.get(prefix(key)) ?? 0) + 1);
  const named = (name: string) => name === "system" || (sizes.get(name) ?? 0) > 1;
  return new Map(keys.map((key) => [key, named(prefix(key)) ? prefix(key) : ""]));
}

/** Sections with their keys: as dragged, then those that mostly matter, then by name. */
export function arranged(scope: string, keys: string[]): [string, string[]][] {
  const places = new Map(saved(scope).map((key, i) => [key, i]));
  const place = (key: string) => places.get(key) ?? Number.MAX_SAFE_INTEGER;
  const telling = (key: string) => Number(!TELLING.test(key));
  const sections = new Map<string, string[]>();
  for (const [key, name] of sectionsOf(keys)) {
    const mine = sections.get(name);
    if (mine) mine.push(key);
    else sections.set(name, [key]);
  }
  for (const mine of sections.values()) {
    mine.sort((a, b) => place(a) - place(b) || telling(a) - telling(b) || a.localeCompare(b));
  }
  const system = (name: string) => Number(name === "system");
  return [...sections].sort(([a], [b]) => system(a) - system(b) || a.localeCompare(b));
}

/** Puts `moved` where `target` stands. */
export function remember(scope: string, moved: string, target: string, keys: string[]): void {
  const sections = sectionsOf(keys);
  if (moved === target || sections.get(moved) !== sections.get(target)) return;
  const order = arranged(scope, keys).flatMap(([, mine]) => mine);
  order.splice(order.indexOf(target), 0, ...order.splice(order.indexOf(moved), 1));
  localStorage.setItem(KEY + scope, JSON.stringify(order));
}
