/** Shortcuts: pages register what they offer while they are shown; `?` lists it all. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface Shortcut {
  keys: string;
  label: string;
  run: (event: KeyboardEvent) => void;
}

export const shortcuts = signal<Shortcut[]>([]);

function typing(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !/^(checkbox|radio|range)$/.test(target.type);
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName);
}

let pending = "";

window.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]") && event.key !== "Escape") return;
  const chord = pending ? `${pending} ${event.key}` : event.key;
  pending = "";
  const all = shortcuts.peek();
  const found = all.findLast((s) => s.keys === chord);
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (all.some((s) => s.keys.startsWith(`${chord} `))) {
    pending = chord;
    setTimeout(() => {
      pending = "";
    }, 900);
  }
});

/** Offers shortcuts while the calling component is shown. */
export function useShortcuts(list: Shortcut[]): void {
  const latest = useRef(list);
  latest.current = list;
  const keys = list.map((s) => s.keys).join("|");
  useEffect(() => {
    const mine = latest.current.map(({ keys, label }) => ({
      keys,
      label,
      run: (event: KeyboardEvent) => latest.current.find((s) => s.keys === keys)?.run(event),
    }));
    shortcuts.value = [...shortcuts.peek(), ...mine];
    return () => {
      shortcuts.value = shortcuts.peek().filter((s) => !mine.includes(s));
    };
  }, [keys]);
}

const ROWS = ".main :is(.list-row, .file-row)";
const GRIPS = ["a[href]", "button", "input"];

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(ROWS)];
}

function currentRow(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>(ROWS) ?? null;
}

/** What of a row takes the focus: its first link, else its first button, box, or itself. */
function grip(row: HTMLElement): HTMLElement {
  if (row.matches("button")) return row;
  for (const kind of GRIPS) {
    const found = row.querySelector<HTMLElement>(kind);
    if (found) return found;
  }
  row.tabIndex = -1;
  return row;
}

/** Moves the focus up or down the rows of the page's lists; `Enter` is then the browser's own. */
export function walk(by: number): void {
  const all = rows();
  const at = all.indexOf(currentRow() as HTMLElement);
  const next = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))];
  if (!next) return;
  grip(next).focus();
  next.scrollIntoView({ block: "nearest" });
}

/** Ticks the box of the row that has the focus. */
export function tick(): void {
  currentRow()?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
}
