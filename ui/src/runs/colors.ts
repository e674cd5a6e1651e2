/** A colour for each run, the same on every page. */

const COLORS = [
  "#4c78e0",
  "#e5734b",
  "#35a37a",
  "#b65fd0",
  "#d4a017",
  "#e0559a",
  "#2aa6c4",
  "#8a9a2f",
  "#7d6cf0",
  "#c4524f",
  "#5aa857",
  "#a67c52",
  "#3f8fd6",
  "#d98032",
  "#6d8ba6",
  "#c77bb0",
];

function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

export function runColor(id: string): string {
  return COLORS[hash(id) % COLORS.length] ?? "#4c78e0";
}

/** Colours for runs shown together: each its own as far as they go round, told apart if few. */
export function runColors(ids: string[]): Map<string, string> {
  const found = new Map<string, string>();
  const free = new Set(COLORS);
  for (const id of ids) {
    const own = runColor(id);
    const start = COLORS.indexOf(own);
    const next = [...COLORS.slice(start), ...COLORS.slice(0, start)].find((c) => free.has(c));
    found.set(id, next ?? own);
    if (next) free.delete(next);
    if (free.size === 0) for (const color of COLORS) free.add(color);
  }
  return found;
}

export function colorAt(index: number): string {
  return COLORS[index % COLORS.length] ?? "#4c78e0";
}
