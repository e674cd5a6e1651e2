/** In which order the charts of an experiment stand: by section, then as dragged in this browser. */

const KEY = "milepost.charts.";

function saved(scope: string): string[] {
  try {
    return JSON.parse(localStorage.getItem(KEY + scope) ?? "[]") as string[];
  } catch {
    return [];
  }
}

export function sectionOf(key: string): string {
  const at = key.indexOf("/");
  return at > 0 ? key.slice(0, at) : "";
}

export function arranged(scope: string, keys: string[]): [string, string[]][] {
  const places = new Map(saved(scope).map((key, i) => [key, i]));
  const place = (key: string) => places.get(key) ?? Number.MAX_SAFE_INTEGER;
  const sections = new Map<string, string[]>();
  for (const key of keys) {
    const name = sectionOf(key);
    sections.set(name, [...(sections.get(name) ?? []), key]);
  }
  for (const [name, mine] of sections) {
    sections.set(
      name,
      mine.sort((a, b) => place(a) - place(b) || a.localeCompare(b)),
    );
  }
  const system = (name: string) => Number(name === "system");
  return [...sections].sort(([a], [b]) => system(a) - system(b) || a.localeCompare(b));
}

/** Puts `moved` where `target` stands. */
export function remember(scope: string, moved: string, target: string, keys: string[]): void {
  if (moved === target || !keys.includes(moved) || sectionOf(moved) !== sectionOf(target)) return;
  const order = arranged(scope, keys).flatMap(([, mine]) => mine);
  const from = order.indexOf(moved);
  const to = order.indexOf(target);
  order.splice(from, 1);
  order.splice(to, 0, moved);
  localStorage.setItem(KEY + scope, JSON.stringify(order));
}
